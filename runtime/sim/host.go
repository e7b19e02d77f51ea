package sim

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// A network is what the hosts of a run are on. All of it belongs to whoever runs in
// the simulation.
type network struct {
	r     *run
	hosts []*Host
	links map[[2]*Host]*Link
	over  bool
}

func newNetwork(r *run) *network { return &network{r: r} }

// close ends the fibers of all hosts: the body has returned.
func (n *network) close() {
	n.over = true
	for _, h := range n.hosts {
		h.restart = nil
		n.r.engine.End(h.scope)
	}
}

// host returns the host of that name, which it makes if there is none.
func (n *network) host(name string) *Host {
	for _, h := range n.hosts {
		if h.name == name {
			return h
		}
	}
	i := len(n.hosts) + 1
	h := &Host{n: n, name: name, ip: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), nextPort: 32768}
	h.up()
	n.hosts = append(n.hosts, h)
	return h
}

// home is the host of fibers that are on none.
const home = "localhost"

// here returns the host of the calling fiber.
func (n *network) here() *Host {
	if f := simhook.Current(); f != nil {
		for s := f.Scope; s != nil; s = s.Parent {
			if h, ok := s.Host.(*Host); ok {
				return h
			}
		}
	}
	return n.host(home)
}

// A Host is a machine on the simulated network: fibers, listeners and connections
// that crash together, and a clock. Host makes one. The fibers of hosts are ended when
// the body returns; they count as no leak.
type Host struct {
	n        *network
	name     string
	ip       netip.Addr
	scope    *simhook.Scope
	skew     time.Duration
	down     bool
	nextPort uint16

	listeners []*Listener
	packets   []*PacketConn
	conns     []*Conn
	main      []program // what Go was given, as long as it runs
	restart   []program // what Restart has made anew, and has not run yet
}

// A program is a function that Go runs.
type program struct {
	name  string
	fn    func()
	fiber *simhook.Fiber
}

// Host returns the host of that name; the first call makes it. It is known by its
// name, as in Dial("tcp", "name:80"), and by an address in 10.0.0.0/8.
func (s *Sim) Host(name string) *Host { return s.r.net.host(name) }

// Name returns the name of h.
func (h *Host) Name() string { return h.name }

// Addr returns the address of h.
func (h *Host) Addr() netip.Addr { return h.ip }

// Now returns the time by the clock of h.
func (h *Host) Now() time.Time { return epoch.Add(time.Duration(h.n.r.engine.Now()) + h.skew) }

// Skew sets what the clock of h is ahead of that of the simulation: what Sim.Now says
// in a fiber of h, and by which its fibers wait for a time (At, SleepUntil,
// deadlines).
func (h *Host) Skew(d time.Duration) {
	h.skew = d
	h.scope.Skew = d
}

// up gives h a new scope.
func (h *Host) up() {
	h.scope = &simhook.Scope{Name: h.name, Host: h, Skew: h.skew}
	h.down = false
}

// Go runs fn in a fiber of h. What that spawns is of h too. On a host that has
// crashed it never runs.
func (h *Host) Go(fn func()) { h.GoNamed(h.name, fn) }

// GoNamed is Go with a name for the fiber.
func (h *Host) GoNamed(name string, fn func()) {
	if fn == nil {
		panic("sim: Host.Go(nil): give it a function")
	}
	inside("Host.Go")
	if h.n.over || h.down {
		return
	}
	for i, p := range h.restart { // it was meant to be run again, and is by hand
		if codeOf(p.fn) == codeOf(fn) && p.fiber.Fresh {
			p.fiber.Ending = true
			h.restart = slices.Delete(h.restart, i, i+1)
			break
		}
	}
	h.start(name, fn)
	simhook.Woke()
}

func (h *Host) start(name string, fn func()) *simhook.Fiber {
	p := program{name: name, fn: fn}
	p.fiber = h.n.r.engine.Spawn(name, h.scope, func() {
		fn()
		h.main = slices.DeleteFunc(h.main, func(q program) bool { return q.fiber == p.fiber })
	})
	h.main = append(h.main, p)
	return p.fiber
}

// codeOf tells functions apart, as far as can be told.
func codeOf(fn func()) uintptr { return **(**uintptr)(unsafe.Pointer(&fn)) }

// Crash ends h: its fibers end at the point where they wait, as by runtime.Goexit
// (their deferred functions run, but nothing that they send leaves h any more), its
// listeners are gone, and the other ends of its connections see a reset. Nobody can
// connect to it until Restart.
func (h *Host) Crash() {
	inside("Host.Crash")
	if h.down {
		return
	}
	h.down = true
	for _, l := range slices.Clone(h.listeners) {
		l.shut()
	}
	for _, p := range slices.Clone(h.packets) {
		p.shut()
	}
	for _, c := range slices.Clone(h.conns) {
		c.abort()
	}
	h.n.r.engine.End(h.scope)
	simhook.Woke()
}

// Restart brings a host that has crashed up again, and runs once more those functions
// that Go was given and that were running at the crash, with what they close over as
// it is now: that is what survives, as on a disk. (One that is given to Go again
// before it has begun is not run twice.) On a host that is up it does nothing.
func (h *Host) Restart() {
	inside("Host.Restart")
	if !h.down || h.n.over {
		return
	}
	h.up()
	again := h.main
	h.main, h.restart = nil, nil
	for _, p := range again {
		p.fiber = h.start(p.name, p.fn)
		h.restart = append(h.restart, p)
	}
	simhook.Woke()
}

// Up reports whether h has not crashed, or has been restarted.
func (h *Host) Up() bool { return !h.down }

// inside panics if the caller is no fiber of a simulation.
func inside(what string) {
	if simhook.Current() == nil {
		panic("sim: " + what + " outside the simulation: call it in one of its fibers")
	}
}

// port returns a port that nobody uses.
func (h *Host) port() uint16 {
	for {
		p := h.nextPort
		h.nextPort++
		if h.nextPort == 0 {
			h.nextPort = 32768
		}
		if h.listener(p) == nil && h.packet(p) == nil {
			return p
		}
	}
}

func (h *Host) listener(port uint16) *Listener {
	for _, l := range h.listeners {
		if l.at.Port() == port {
			return l
		}
	}
	return nil
}

func (h *Host) packet(port uint16) *PacketConn {
	for _, p := range h.packets {
		if p.at.Port() == port {
			return p
		}
	}
	return nil
}

// resolve returns the host and the port of an address, as h sees it; local says that
// it is for listening.
func (h *Host) resolve(addr string, local bool) (*Host, uint16, error) {
	name, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, 0, err
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return nil, 0, err
	}
	switch name {
	case "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::":
		return h, uint16(port), nil
	}
	for _, x := range h.n.hosts {
		if x.name == name || x.ip.String() == name {
			if local && x != h {
				return nil, 0, &net.AddrError{Err: "the address of another host", Addr: addr}
			}
			return x, uint16(port), nil
		}
	}
	return nil, 0, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// checkNetwork returns which kind of network that is.
func checkNetwork(network string) (stream bool, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return true, nil
	case "udp", "udp4", "udp6":
		return false, nil
	}
	return false, net.UnknownNetworkError(network)
}

// Listen listens on a port of h: "tcp" and ":80", or ":0" for one that is free. The
// listener is a *Listener.
func (h *Host) Listen(network, addr string) (net.Listener, error) {
	inside("Listen")
	stream, err := checkNetwork(network)
	if err == nil && !stream {
		err = net.UnknownNetworkError(network)
	}
	var port uint16
	if err == nil {
		_, port, err = h.resolve(addr, true)
	}
	if err == nil && h.down {
		err = errDown
	}
	if err == nil && port != 0 && h.listener(port) != nil {
		err = errInUse
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	if port == 0 {
		port = h.port()
	}
	l := &Listener{h: h, at: netip.AddrPortFrom(h.ip, port)}
	h.listeners = append(h.listeners, l)
	return l, nil
}

// ListenPacket opens a port of h for packets: "udp" and ":53". The connection is a
// *PacketConn.
func (h *Host) ListenPacket(network, addr string) (net.PacketConn, error) {
	inside("ListenPacket")
	p, err := h.listenPacket(network, addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return p, nil
}

func (h *Host) listenPacket(network, addr string) (*PacketConn, error) {
	stream, err := checkNetwork(network)
	if err != nil {
		return nil, err
	}
	if stream {
		return nil, net.UnknownNetworkError(network)
	}
	_, port, err := h.resolve(addr, true)
	switch {
	case err != nil:
		return nil, err
	case h.down:
		return nil, errDown
	case port == 0:
		port = h.port()
	case h.packet(port) != nil:
		return nil, errInUse
	}
	p := &PacketConn{h: h, at: netip.AddrPortFrom(h.ip, port)}
	h.packets = append(h.packets, p)
	return p, nil
}

// Dial connects from h to an address: "tcp" or "udp", and "name:80". The connection
// is a *Conn, or for packets a *PacketConn.
func (h *Host) Dial(network, addr string) (net.Conn, error) {
	return h.DialContext(context.Background(), network, addr)
}

// DialContext is Dial that fails when ctx is done. It fits the field DialContext of
// http.Transport and the like.
func (h *Host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	inside("Dial")
	c, err := h.dial(ctx, network, addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	return c, nil
}

// Listen is Host.Listen on the host of the calling fiber; one that is on none is on
// "localhost".
func Listen(network, addr string) (net.Listener, error) {
	return hostOf("Listen").Listen(network, addr)
}

// ListenPacket is Host.ListenPacket on the host of the calling fiber.
func ListenPacket(network, addr string) (net.PacketConn, error) {
	return hostOf("ListenPacket").ListenPacket(network, addr)
}

// Dial is Host.Dial on the host of the calling fiber.
func Dial(network, addr string) (net.Conn, error) { return hostOf("Dial").Dial(network, addr) }

// DialContext is Host.DialContext on the host of the calling fiber.
func DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return hostOf("Dial").DialContext(ctx, network, addr)
}

// hostOf returns the host of the caller.
func hostOf(what string) *Host {
	r, ok := current()
	if !ok {
		panic("sim: " + what + " outside the simulation: call it in one of its fibers")
	}
	return r.net.here()
}

// String returns the name and the address.
func (h *Host) String() string { return fmt.Sprintf("%s (%v)", h.name, h.ip) }
