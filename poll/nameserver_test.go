package poll

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// names is what the name server of the tests answers. Those that are not there do
// not exist; those without an address have none.
var names = map[string][]string{
	"one.test.": {"127.0.0.1"}, "two.test.": {"127.0.0.2", "127.0.0.1"}, "six.test.": {"::1"}, "none.test.": {},
	"both.test.": {"127.0.0.1", "::1"}, "three.test.": {"127.0.0.9", "127.0.0.10", "127.0.0.11"},
	"link.test.": {"fe80::1"}, "broken.test.": nil, "silent.test.": nil,
}

// questions are those that a name server was asked.
type questions struct {
	sync.Mutex
	all   []string
	conns []net.Conn
	ended bool
}

// end closes the connections to the server, also those that wait for an answer.
func (qs *questions) end() {
	qs.Lock()
	defer qs.Unlock()
	qs.ended = true // the resolver may ask again
	for _, c := range qs.conns {
		c.Close()
	}
}

// asking returns a Dialer whose names are looked up at a server in this process,
// which notes what it is asked.
func (p *probe) asking(known map[string][]string) *net.Dialer {
	p.questions.Lock()
	p.questions.all = nil
	p.questions.Unlock()
	p.later(p.questions.end)
	return &net.Dialer{Resolver: &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			p.questions.Lock()
			defer p.questions.Unlock()
			if p.questions.ended {
				return nil, net.ErrClosed
			}
			ours, theirs := net.Pipe()
			p.questions.conns = append(p.questions.conns, theirs)
			go serveNames(theirs, known, &p.questions)
			return ours, nil
		},
	}}
}

// asked notes what the server was asked. Package net asks for both families at once,
// so the order says nothing.
func (p *probe) asked() {
	p.questions.Lock()
	defer p.questions.Unlock()
	slices.Sort(p.questions.all)
	p.note("asked", p.questions.all)
	p.questions.all = nil
}

// serveNames answers questions as over TCP: each message has its length before it.
func serveNames(c net.Conn, known map[string][]string, qs *questions) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		msg := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, msg); err != nil {
			return
		}
		answer := answerTo(msg, known, qs)
		if answer == nil {
			io.Copy(io.Discard, c) // until the other side gives up
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func answerTo(msg []byte, known map[string][]string, qs *questions) []byte {
	var parser dnsmessage.Parser
	head, err := parser.Start(msg)
	if err != nil {
		return nil
	}
	q, err := parser.Question()
	if err != nil {
		return nil
	}
	name := q.Name.String()
	qs.Lock()
	qs.all = append(qs.all, q.Type.String()+" "+name)
	qs.Unlock()
	addrs, ok := known[name]
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: head.ID, Response: true, Authoritative: true, RecursionDesired: head.RecursionDesired},
		Questions: []dnsmessage.Question{q},
	}
	switch {
	case strings.HasPrefix(name, "silent."):
		return nil
	case strings.HasPrefix(name, "broken."):
		reply.RCode = dnsmessage.RCodeServerFailure
	case !ok:
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range addrs {
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
		ip := net.ParseIP(a)
		switch ip4 := ip.To4(); {
		case ip4 != nil && q.Type == dnsmessage.TypeA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: [4]byte(ip4)}})
		case ip4 == nil && q.Type == dnsmessage.TypeAAAA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: [16]byte(ip.To16())}})
		}
	}
	b, err := reply.Pack()
	if err != nil {
		return nil
	}
	return b
}
