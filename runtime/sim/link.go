package sim

import (
	"fmt"
	"hash/fnv"
	"time"
)

// A Link is the way between two hosts. What it does is for both directions. At first
// it takes 100 µs to 1 ms, and loses nothing.
type Link struct {
	n        *network
	a, b     *Host
	min, max time.Duration
	loss     float64
	twice    float64
	window   int
	cut      map[*Host]bool // what comes from there does not arrive
	held     []held         // what has to arrive, when it is healed
	g        generator
}

// held is something that a cut has stopped on its way.
type held struct {
	from *Host
	f    func()
}

const (
	defaultMin    = 100 * time.Microsecond
	defaultMax    = time.Millisecond
	defaultWindow = 64 << 10
	resendAfter   = 200 * time.Millisecond // what was lost on a connection; twice as long each time
	resendMost    = 8                      // then it is held, as by a cut
	giveUpAfter   = 2 * time.Minute        // a connection that gets nothing across is broken
)

// Link returns the link between two hosts; there is one for each two.
func (s *Sim) Link(a, b *Host) *Link {
	if a == nil || b == nil || a.n != s.r.net || b.n != s.r.net {
		panic("sim: Link of a host that is not of this run: make both with Host, in this run")
	}
	return s.r.net.link(a, b)
}

func (n *network) link(a, b *Host) *Link {
	if a.ip.Less(b.ip) {
		a, b = b, a
	}
	l := n.links[[2]*Host{a, b}]
	if l == nil {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s\x00%s", a.name, b.name)
		l = &Link{n: n, a: a, b: b, min: defaultMin, max: defaultMax, window: defaultWindow, cut: map[*Host]bool{}, g: generator(mix(n.r.seed) ^ h.Sum64())}
		if a == b {
			l.min, l.max = 0, 0
		}
		if n.links == nil {
			n.links = map[[2]*Host]*Link{}
		}
		n.links[[2]*Host{a, b}] = l
	}
	return l
}

// Latency sets how long it takes to the other side: at random, from min to max.
// Packets may overtake each other, what is sent on one connection does not.
func (l *Link) Latency(min, max time.Duration) {
	if min < 0 || max < min {
		panic(fmt.Sprintf("sim: Latency(%v, %v): give it two times, the smaller one first", min, max))
	}
	l.min, l.max = min, max
}

// Loss sets the probability that a packet is lost. On a connection what is lost is
// sent again, after 200 ms, then 400 ms and so on.
func (l *Link) Loss(p float64) {
	if !(p >= 0 && p <= 1) {
		panic(fmt.Sprintf("sim: Loss(%v): give it a probability, 0 to 1", p))
	}
	l.loss = p
}

// Duplicate sets the probability that a packet (not what is sent on a connection)
// arrives twice.
func (l *Link) Duplicate(p float64) {
	if !(p >= 0 && p <= 1) {
		panic(fmt.Sprintf("sim: Duplicate(%v): give it a probability, 0 to 1", p))
	}
	l.twice = p
}

// Window sets how many bytes may be under way on each direction of a connection that
// is made from now on, those included that the reader has not read: default 64 KiB.
// Who writes more waits for the reader.
func (l *Link) Window(bytes int) {
	if bytes < 1 {
		panic(fmt.Sprintf("sim: Window(%d): give it one byte at least", bytes))
	}
	l.window = bytes
}

// Cut lets nothing through any more, in either direction, also of what is under way.
// Packets are lost; connections wait, and break after two minutes.
func (l *Link) Cut() { l.cut[l.a], l.cut[l.b] = true, true }

// CutFrom is Cut for what comes from one of the two hosts.
func (l *Link) CutFrom(h *Host) {
	if h != l.a && h != l.b {
		panic("sim: CutFrom a host that is not at this link: give it one of the two")
	}
	l.cut[h] = true
}

// Heal ends a Cut. What connections have to send arrives then.
func (l *Link) Heal() {
	clear(l.cut)
	list := l.held
	l.held = nil
	for _, x := range list {
		l.n.r.engine.AfterFunc(l.delay(), func() { l.arrive(x.from, x.f) })
	}
}

// Reset breaks all connections over the link: both ends see ECONNRESET.
func (l *Link) Reset() {
	for _, c := range append([]*Conn(nil), l.a.conns...) {
		if c.peer != nil && c.peer.h == l.b {
			c.reset(errReset)
			c.peer.reset(errReset)
		}
	}
}

// delay draws a latency.
func (l *Link) delay() time.Duration {
	if l.max == l.min {
		return l.min
	}
	return l.min + time.Duration(l.g.next()%uint64(l.max-l.min+1))
}

// chance draws whether something of that probability happens.
func (l *Link) chance(p float64) bool {
	return p > 0 && float64(l.g.next()>>11)/(1<<53) < p
}

// send has f called when something that is sent again if it is lost has come from
// there to the other side.
func (l *Link) send(from *Host, f func()) {
	d, again := l.delay(), resendAfter
	for n := 0; l.chance(l.loss); n++ {
		if n == resendMost {
			l.held = append(l.held, held{from, f})
			return
		}
		d += again
		again *= 2
	}
	l.n.r.engine.AfterFunc(d, func() { l.arrive(from, f) })
}

// arrive calls f, unless the link is cut.
func (l *Link) arrive(from *Host, f func()) {
	if l.cut[from] {
		l.held = append(l.held, held{from, f})
		return
	}
	f()
}

// packet has f called when a packet has come from there to the other side, which may
// be never, or twice.
func (l *Link) packet(from *Host, f func()) {
	n := 1
	if l.chance(l.twice) {
		n = 2
	}
	for range n {
		if l.cut[from] || l.chance(l.loss) {
			continue
		}
		l.n.r.engine.AfterFunc(l.delay(), func() {
			if !l.cut[from] {
				f()
			}
		})
	}
}
