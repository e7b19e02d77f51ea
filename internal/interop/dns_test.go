//go:build linux

package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A dnsServer knows the hosts hN.interop., with addresses made of N, over UDP and
// TCP. Names under many.interop. have more addresses than a packet holds, and
// silent.interop. is not answered.
type dnsServer struct {
	s        *side
	udp, tcp *dns.Server
	addr     string
	ended    []<-chan struct{}
}

func startDNS(s *side) (*dnsServer, error) {
	var pc net.PacketConn
	var l net.Listener
	for try := 0; l == nil; try++ { // until a port is free for both
		var err error
		if pc, err = s.listenPacket("udp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		if l, err = s.listen("tcp", pc.LocalAddr().String()); err != nil {
			pc.Close()
			if try == 20 {
				return nil, err
			}
		}
	}
	d := &dnsServer{s: s, addr: pc.LocalAddr().String()}
	d.udp = &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(answerDNS)}
	d.tcp = &dns.Server{Listener: l, Handler: dns.HandlerFunc(answerDNS)}
	for _, server := range []*dns.Server{d.udp, d.tcp} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		d.ended = append(d.ended, s.start(func() { server.ActivateAndServe() }))
		<-started
	}
	return d, nil
}

func (d *dnsServer) stop() {
	d.udp.Shutdown()
	d.tcp.Shutdown()
	for _, ended := range d.ended {
		<-ended
	}
}

func answerDNS(w dns.ResponseWriter, asked *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(asked)
	name := asked.Question[0].Name
	var n int
	switch {
	case name == "silent.interop.":
		return
	case name == "many.interop.":
		for i := range 100 {
			m.Answer = append(m.Answer, address(name, i))
		}
		if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
			size := dns.MinMsgSize
			if o := asked.IsEdns0(); o != nil {
				size = int(o.UDPSize())
			}
			m.Truncate(size)
		}
	default:
		if _, err := fmt.Sscanf(name, "h%d.interop.", &n); err != nil {
			m.SetRcode(asked, dns.RcodeNameError)
			break
		}
		m.Answer = append(m.Answer, address(name, n))
	}
	w.WriteMsg(m)
}

func address(name string, n int) dns.RR {
	return &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(10, 0, byte(n>>8), byte(n))}
}

// lookUp asks for hN over a connection that is there.
func lookUp(c *dns.Conn, n int) error {
	m := new(dns.Msg)
	m.SetQuestion(fmt.Sprintf("h%d.interop.", n), dns.TypeA)
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if err := c.WriteMsg(m); err != nil {
		return err
	}
	r, err := c.ReadMsg()
	if err != nil {
		return err
	}
	if r.Id != m.Id || len(r.Answer) != 1 {
		return fmt.Errorf("wrong answer: %v", r)
	}
	if a := r.Answer[0].(*dns.A).A.To4(); int(a[2])<<8+int(a[3]) != n {
		return fmt.Errorf("h%d has the address %v", n, a)
	}
	return nil
}

func TestDNS(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		ctx, cancel := context.WithTimeout(context.Background(), patience/2)
		defer cancel()
		d, err := startDNS(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(d.stop)
		for _, network := range []string{"udp", "tcp"} {
			err := crowd(s, 50, func(p int) error {
				nc, err := s.dial(ctx, network, d.addr)
				if err != nil {
					return err
				}
				defer nc.Close()
				c := &dns.Conn{Conn: nc, UDPSize: dns.DefaultMsgSize}
				for i := range 20 {
					if err := lookUp(c, 100*p+i); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(network, ": ", err)
			}
		}
		nc, err := s.dial(ctx, "udp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		m := new(dns.Msg)
		m.SetQuestion("silent.interop.", dns.TypeA)
		var timeout net.Error
		client := dns.Client{Timeout: 100 * time.Millisecond}
		if _, _, err := client.ExchangeWithConn(m, &dns.Conn{Conn: nc}); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Error("no answer: ", err)
		}

		// Go's own resolver over a connection of the side.
		resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return s.dial(ctx, network, d.addr)
		}}
		if got, err := resolver.LookupNetIP(ctx, "ip4", "h258.interop."); err != nil || fmt.Sprint(got) != "[10.0.1.2]" {
			t.Error("Go's resolver: ", got, err)
		}
		if got, err := resolver.LookupNetIP(ctx, "ip4", "many.interop."); err != nil || len(got) != 100 { // by TCP, as it is truncated
			t.Error("Go's resolver, many: ", len(got), err)
		}
		var none *net.DNSError
		if _, err := resolver.LookupNetIP(ctx, "ip4", "nobody.interop."); !errors.As(err, &none) || !none.IsNotFound {
			t.Error("Go's resolver, nobody: ", err)
		}
	})
}

// Dig asks, which is nobody's library.
func TestDig(t *testing.T) {
	dig, err := lookFor("dig")
	need(t, err, "bind9-dnsutils")
	onBoth(t, func(t *checked, s *side) {
		d, err := startDNS(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(d.stop)
		host, port, err := net.SplitHostPort(d.addr)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(args ...string) string {
			out, err := exec.Command(dig, append([]string{"@" + host, "-p", port, "+tries=2", "+time=10"}, args...)...).CombinedOutput()
			if err != nil {
				t.Errorf("dig %v: %v\n%s", args, err, out)
			}
			return string(out)
		}
		for _, how := range [][]string{nil, {"+tcp"}, {"+noedns"}} {
			if got := ask(append(how, "+short", "h513.interop", "A")...); strings.TrimSpace(got) != "10.0.2.1" {
				t.Errorf("dig %v: %s", how, got)
			}
		}
		if got := ask("+short", "many.interop", "A"); strings.Count(got, "\n") != 100 { // first by UDP, then by TCP
			t.Errorf("dig many: %s", got)
		}
		if got := ask("nobody.interop", "A"); !strings.Contains(got, "status: NXDOMAIN") {
			t.Errorf("dig nobody: %s", got)
		}
	})
}

var dnsRows = []row{{name: "miekg/dns over UDP, 50 parties", measure: func(s *side, _ string, l load) (sample, error) {
	d, err := startDNS(s)
	if err != nil {
		return sample{}, err
	}
	conns := make([]*dns.Conn, 50)
	return l.closedLoop(s, len(conns), func(p int) error {
		if conns[p] == nil {
			nc, err := s.dial(context.Background(), "udp", d.addr)
			if err != nil {
				return err
			}
			conns[p] = &dns.Conn{Conn: nc}
		}
		return lookUp(conns[p], p)
	})
}}}
