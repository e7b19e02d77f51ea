package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"reflect"
	"regexp"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// The differential test: one table of programs is run over package net and over
// this package, on each backend, by fibers and by goroutines. A program notes what
// it sees, and what it notes must be the same everywhere. The tables are in the
// files differential_*_test.go, one for each family, each with a test that gives
// its table to differential.
//
// What is compared: values, errors (texts, all types that are wrapped, the answers
// to errors.Is, Timeout and Temporary), addresses (types and texts), counts, and
// whatever else a program asks: options of the kernel, say. What must differ from
// run to run is made equal: see probe.text.

// A world is a package that a program runs over.
type world struct {
	name         string
	dial         func(ctx context.Context, d *net.Dialer, network, addr string) (net.Conn, error)
	listen       func(network, addr string) (net.Listener, error)
	listenWith   func(lc *net.ListenConfig, network, addr string) (net.Listener, error)
	listenPacket func(network, addr string) (net.PacketConn, error)
	spawn        func(func())
}

// ofNet is package net.
var ofNet = world{
	name: "net",
	dial: func(ctx context.Context, d *net.Dialer, network, addr string) (net.Conn, error) {
		return d.DialContext(ctx, network, addr)
	},
	listen: net.Listen,
	listenWith: func(lc *net.ListenConfig, network, addr string) (net.Listener, error) {
		return lc.Listen(context.Background(), network, addr)
	},
	listenPacket: net.ListenPacket,
	spawn:        func(f func()) { go f() },
}

// ofPoll is this package, with parties that are started by spawn.
func ofPoll(name string, spawn func(func())) world {
	return world{
		name: name,
		dial: func(ctx context.Context, d *net.Dialer, network, addr string) (net.Conn, error) {
			return dialerLike(d).DialContext(ctx, network, addr)
		},
		listen: func(network, addr string) (net.Listener, error) {
			l, err := Listen(network, addr)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		listenWith: func(lc *net.ListenConfig, network, addr string) (net.Listener, error) {
			ours := new(ListenConfig)
			copyFields(ours, lc)
			ours.SetMultipathTCP(lc.MultipathTCP())
			l, err := ours.Listen(context.Background(), network, addr)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		listenPacket: func(network, addr string) (net.PacketConn, error) {
			c, err := ListenPacket(network, addr)
			if err != nil {
				return nil, err
			}
			return c, nil
		},
		spawn: spawn,
	}
}

// dialerLike is a Dialer with what d has.
func dialerLike(d *net.Dialer) *Dialer {
	ours := new(Dialer)
	copyFields(ours, d)
	if d.MultipathTCP() {
		ours.SetMultipathTCP(true)
	}
	return ours
}

// copyFields copies the fields of a struct to those of another that have the same
// names.
func copyFields(to, from any) {
	t, f := reflect.ValueOf(to).Elem(), reflect.ValueOf(from).Elem()
	for i := range t.NumField() {
		if field := f.FieldByName(t.Type().Field(i).Name); t.Type().Field(i).IsExported() && field.IsValid() {
			t.Field(i).Set(field)
		}
	}
}

// A program is something to be run in each world.
type program struct {
	name string
	run  func(p *probe)
}

// differential runs the programs of a table and compares what they note.
func differential(t *testing.T, table []program) {
	for _, x := range table {
		t.Run(x.name, func(t *testing.T) {
			want := runIn(t, ofNet, x)
			onEach(t, func(t *testing.T) {
				byFibers := runIn(t, ofPoll("fibers", fibers.Default().Go), x)
				compare(t, "fibers", byFibers, want)
				byGoroutines := runIn(t, ofPoll("goroutines", func(f func()) { go f() }), x)
				if !slices.Equal(byGoroutines, byFibers) { // else all is said
					compare(t, "goroutines", byGoroutines, want)
				}
			})
		})
	}
}

// compare reports where two transcripts differ.
func compare(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		line := func(of []string) string {
			if i < len(of) {
				return of[i]
			}
			return "nothing more"
		}
		if line(got) != line(want) {
			t.Errorf("%s, note %d:\n\t%s\npackage net:\n\t%s", name, i+1, line(got), line(want))
		}
	}
}

// runIn runs a program, and returns what it noted.
func runIn(t *testing.T, w world, x program) []string {
	t.Helper()
	p := &probe{t: t, world: w, known: make(map[string]string), ports: make(map[string]string)}
	done := make(chan struct{})
	w.spawn(func() {
		defer close(done)
		x.run(p)
	})
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Errorf("%s does not end", w.name)
		return p.lines
	}
	// What it made must be gone before the next world: two must not meet.
	for i := len(p.undo) - 1; i >= 0; i-- {
		p.undo[i]()
	}
	return p.lines
}

// A probe is what a program sees of the world that it runs in.
type probe struct {
	world
	t     *testing.T
	mu    sync.Mutex
	lines []string
	known map[string]string // what differs from run to run, and how it is called
	ports map[string]string // the same, of the note that is being written
	undo  []func()          // written by the program's own party

	questions questions
}

// note writes down what was seen.
func (p *probe) note(what string, seen ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	p.ports = make(map[string]string)
	b.WriteString(p.text(what) + ":")
	for _, v := range seen {
		b.WriteString(" " + p.show(v))
	}
	p.lines = append(p.lines, b.String())
}

// show writes a value in the same way for each world.
func (p *probe) show(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case error:
		return p.showError(v)
	case net.Addr:
		return p.showAddr(v)
	case []byte:
		return strconv.Quote(p.text(string(v)))
	case string:
		return strconv.Quote(p.text(v))
	}
	return p.text(fmt.Sprintf("%+v", v))
}

func (p *probe) showAddr(a net.Addr) string {
	if v := reflect.ValueOf(a); v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Sprintf("(%T)(nil)", a)
	}
	name := fmt.Sprintf("%T", a)
	if _, own, _ := strings.Cut(name, "."); own != "" && own[0] >= 'a' && own[0] <= 'z' {
		name = "address" // of a type that only its package knows
	}
	return fmt.Sprintf("%s(%s %s)", name, a.Network(), p.text(a.String()))
}

// sentinels are the errors that programs compare with.
var sentinels = []struct {
	name string
	err  error
}{
	{"io.EOF", io.EOF}, {"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF}, {"io.ErrShortWrite", io.ErrShortWrite}, {"net.ErrClosed", net.ErrClosed}, {"net.ErrWriteToConnected", net.ErrWriteToConnected},
	{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded}, {"context.Canceled", context.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded}, {"fs.ErrNotExist", fs.ErrNotExist},
	{"fs.ErrExist", fs.ErrExist}, {"fs.ErrPermission", fs.ErrPermission}, {"fs.ErrClosed", fs.ErrClosed},
	{"errors.ErrUnsupported", errors.ErrUnsupported},
}

// showError writes the text, the layers from outside to inside, and the answers
// that an error gives.
func (p *probe) showError(err error) string {
	var b strings.Builder
	b.WriteString(strconv.Quote(p.text(err.Error())))
	for e := err; e != nil; e = errors.Unwrap(e) {
		b.WriteString(" <" + p.layer(e) + ">")
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			b.WriteString(" is " + s.name)
		}
	}
	if e, ok := err.(interface{ Timeout() bool }); ok {
		fmt.Fprintf(&b, " timeout=%v", e.Timeout())
	}
	if e, ok := err.(interface{ Temporary() bool }); ok {
		fmt.Fprintf(&b, " temporary=%v", e.Temporary())
	}
	return b.String()
}

// layer is one error of a chain. The types that only their package knows are all
// the same to programs.
func (p *probe) layer(e error) string {
	for _, s := range sentinels {
		if e == s.err {
			return s.name
		}
	}
	switch e := e.(type) {
	case *net.OpError:
		return fmt.Sprintf("*net.OpError op=%s net=%s source=%s addr=%s", e.Op, e.Net, p.show(e.Source), p.show(e.Addr))
	case *net.DNSError:
		return p.text(fmt.Sprintf("*net.DNSError err=%q name=%q timeout=%v temporary=%v notfound=%v", e.Err, e.Name, e.IsTimeout, e.IsTemporary, e.IsNotFound))
	case *net.AddrError:
		return p.text(fmt.Sprintf("*net.AddrError err=%q addr=%q", e.Err, e.Addr))
	case *os.SyscallError:
		return "*os.SyscallError " + e.Syscall
	case *fs.PathError:
		return p.text("*fs.PathError op=" + e.Op + " path=" + e.Path)
	case syscall.Errno:
		return fmt.Sprintf("errno %d", e)
	}
	name := reflect.TypeOf(e).String()
	if _, own, _ := strings.Cut(name, "."); own != "" && own[0] >= 'a' && own[0] <= 'z' {
		return "an error"
	}
	return name
}

var portNumber = regexp.MustCompile(`:[1-9][0-9]{3,4}\b`)

// text gives names to what differs from run to run: to what was given to
// probe.called, and to the ports of sockets, in the order of their coming, anew in
// each note, as the system may give one again.
func (p *probe) text(s string) string {
	for from, to := range p.known {
		s = strings.ReplaceAll(s, from, to)
	}
	return portNumber.ReplaceAllStringFunc(s, func(port string) string {
		if p.ports[port] == "" {
			p.ports[port] = fmt.Sprintf(":PORT%d", len(p.ports))
		}
		return p.ports[port]
	})
}

// called has s written as name.
func (p *probe) called(s, name string) {
	p.mu.Lock()
	p.known[s] = name
	p.mu.Unlock()
}

// check ends the program if its preparation failed.
func (p *probe) check(what string, err error) {
	if err != nil {
		p.t.Errorf("%s: %s: %v", p.name, what, err)
		goruntime.Goexit()
	}
}

// later has f run when the program has ended.
func (p *probe) later(f func()) { p.undo = append(p.undo, f) }

// within calls f, which may fail to return: then the program ends.
func (p *probe) within(what string, f func()) {
	done := make(chan struct{})
	p.spawn(func() { defer close(done); f() })
	tick := time.After(10 * time.Second)
	select {
	case <-done:
	case <-tick:
		p.t.Errorf("%s: still waiting: %s", p.name, what)
		goruntime.Goexit()
	}
}

// path returns where a unix socket may be made.
func (p *probe) path() string {
	dir, err := os.MkdirTemp("", "poll")
	p.check("a directory", err)
	p.later(func() { os.RemoveAll(dir) })
	p.called(dir, "DIR")
	return dir + "/s"
}

// address returns an address to listen at.
func (p *probe) address(network string) string {
	switch network {
	case "unix", "unixgram", "unixpacket":
		return p.path()
	case "tcp6", "udp6":
		return "[::1]:0"
	}
	return "127.0.0.1:0"
}

// listener listens somewhere.
func (p *probe) listener(network string) net.Listener {
	l, err := p.listen(network, p.address(network))
	p.check("listen", err)
	p.later(func() { l.Close() })
	return l
}

// to dials as the zero Dialer does.
func (p *probe) to(network, addr string) (net.Conn, error) {
	return p.dial(context.Background(), new(net.Dialer), network, addr)
}

// pair makes the two ends of a connection.
func (p *probe) pair(network string) (client, server net.Conn) {
	l := p.listener(network)
	client, err := p.to(network, l.Addr().String())
	p.check("dial", err)
	p.later(func() { client.Close() })
	server, err = l.Accept()
	p.check("accept", err)
	p.later(func() { server.Close() })
	return client, server
}

// packets makes a socket for packets.
func (p *probe) packets(network string) net.PacketConn {
	c, err := p.listenPacket(network, p.address(network))
	p.check("listen", err)
	p.later(func() { c.Close() })
	return c
}
