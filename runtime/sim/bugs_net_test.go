package sim_test

import (
	"bufio"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// TestRetryStorm: after a partition all clients try again at once, give up before the
// server has come to them, and try again: it works for nobody, for ever.
func TestRetryStorm(t *testing.T) {
	plant{kind: sim.Assertion, within: 5, by: []sim.Strategy{sim.Random(), sim.RoundRobin()}, more: []sim.Option{sim.Shrinks(3)}, body: func(s *sim.Sim, mended bool) {
		const clients, work, patience = 8, 10 * time.Millisecond, 30 * time.Millisecond
		server, crowd := s.Host("server"), s.Host("crowd")
		link := s.Link(server, crowd)
		jobs, err := server.ListenPacket("udp", ":1")
		s.Always(err == nil, "%v", err)
		server.Go(func() { // one after the other, also what nobody waits for any more
			buf := make([]byte, 100)
			for {
				n, from, err := jobs.ReadFrom(buf)
				if err != nil {
					return
				}
				fibers.Sleep(work)
				_, _ = jobs.WriteTo(buf[:n], from)
			}
		})
		served := 0
		link.Cut()
		for i := range clients {
			crowd.Go(func() {
				conn, err := crowd.Dial("udp", "server:1")
				s.Always(err == nil, "%v", err)
				defer conn.Close()
				buf := make([]byte, 100)
				for try := 0; ; try++ {
					fmt.Fprintf(conn, "%d/%d", i, try)
					wait := patience
					if mended { // longer each time, and not all at once
						wait <<= min(try, 8)
						wait += time.Duration(s.Rand().Int64N(int64(wait)))
					}
					_ = conn.SetReadDeadline(s.Now().Add(wait))
					for {
						n, err := conn.Read(buf)
						if err != nil {
							break
						}
						if string(buf[:n]) == fmt.Sprintf("%d/%d", i, try) {
							served++
							return
						}
					}
				}
			})
		}
		fibers.Sleep(time.Second)
		link.Heal()
		s.Eventually(3*time.Second, func() bool { return served == clients }, "all are served")
	}}.check(t)
}

// A replica of the log that TestReplicatedLog is about.
type replica struct {
	log []string
}

// logLeader is the leader.
type logLeader struct {
	mended  bool
	mu      cml.Mutex
	log     []string
	pending int             // the entry that is being replicated
	copies  map[int]int     // of each entry, the leader's included
	told    map[string]bool // what clients were told to be safe
	arrived *cml.Semaphore  // one unit for each acknowledgement
	out     []io.Writer     // to the followers
}

// propose replicates an entry, and reports whether it is safe: on the leader and one
// follower at least.
func (l *logLeader) propose(entry string) bool {
	l.mu.Lock()
	i := len(l.log)
	l.log = append(l.log, entry)
	l.copies[i]++
	l.pending = i
	l.mu.Unlock()
	for _, w := range l.out {
		fmt.Fprintf(w, "%d %s\n", i, entry)
	}
	for range 20 {
		l.mu.Lock()
		safe := l.copies[i] >= 2
		l.mu.Unlock()
		if safe {
			l.told[entry] = true
			return true
		}
		cml.Perform(cml.Choice(cml.Wrap(l.arrived.AcquireOp(1), func(cml.Unit) time.Time { return time.Time{} }), fibers.After(time.Millisecond)))
	}
	return false
}

// acknowledged is called when a follower has entry i.
func (l *logLeader) acknowledged(i int) {
	if l.mended {
		l.mu.Lock()
		l.copies[i]++
		l.mu.Unlock()
	} else {
		l.mu.Lock()
		current := i == l.pending
		l.mu.Unlock()
		if current {
			l.mu.Lock()
			l.copies[l.pending]++ // the bug: it may be another by now
			l.mu.Unlock()
		}
	}
	l.arrived.Release(1)
}

// TestReplicatedLog: a leader counts an acknowledgement for an entry that was proposed
// between its look at the number and its counting. That takes two who are passed over
// at the wrong moment; and it is no harm, as the entry arrives soon, unless the leader
// is cut off just then, and crashes.
func TestReplicatedLog(t *testing.T) {
	plant{kind: sim.Assertion, within: 3000, by: []sim.Strategy{sim.Random()}, body: func(s *sim.Sim, mended bool) {
		leader := s.Host("leader")
		l := &logLeader{mended: mended, copies: map[int]int{}, told: map[string]bool{}, arrived: cml.NewSemaphore(1 << 20)}
		l.arrived.Acquire(1 << 20)
		followers := []*replica{{}, {}}
		var links []*sim.Link
		for i, r := range followers {
			h := s.Host(fmt.Sprint("follower", i))
			link := s.Link(leader, h)
			link.Latency(time.Millisecond, time.Millisecond)
			links = append(links, link)
			in, err := h.Listen("tcp", ":1")
			s.Always(err == nil, "%v", err)
			h.Go(func() {
				c, err := in.Accept()
				if err != nil {
					return
				}
				for lines := bufio.NewScanner(c); lines.Scan(); {
					var i int
					var entry string
					_, _ = fmt.Sscan(lines.Text(), &i, &entry)
					r.log = append(r.log, entry)
					fmt.Fprintln(c, i)
				}
			})
		}
		leader.Go(func() {
			for i := range followers {
				c, err := leader.Dial("tcp", fmt.Sprintf("follower%d:1", i))
				s.Always(err == nil, "%v", err)
				l.out = append(l.out, c)
				fibers.Go(func() {
					for lines := bufio.NewScanner(c); lines.Scan(); {
						var i int
						_, _ = fmt.Sscan(lines.Text(), &i)
						l.acknowledged(i)
					}
				})
			}
			for i := range 4 {
				l.propose(fmt.Sprint("entry", i))
			}
		})
		fibers.Sleep(time.Duration(2500+1000*s.Rand().IntN(10)) * time.Microsecond)
		for _, link := range links {
			link.Cut()
		}
		fibers.Sleep(50 * time.Millisecond)
		leader.Crash()
		for entry := range l.told {
			have := false
			for _, r := range followers {
				for _, e := range r.log {
					have = have || e == entry
				}
			}
			s.Always(have, "an entry that was said to be safe is lost")
		}
	}}.check(t)
}
