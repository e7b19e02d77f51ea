//go:build model

package worksteal_test

import (
	"fmt"
	"testing"

	"github.com/seed222ee791/fibers/worksteal"
)

// Small cases of the queues through every order of their accesses: run with
//
//	go test -tags model -run 'Model$'
//
// Buffers begin with two slots, of which one element fills the first.

// script is one actor's operations: P push, p pop, s steal, h half, e Empty.
type script string

func TestDequeModel(t *testing.T) {
	for _, c := range []struct {
		before  int
		owner   script
		thieves []script
		want    []string
	}{
		{0, "PPp", []script{"s", "s"}, []string{"Got", "Lost", "Empty", "cap 4"}},
		{0, "PpP", []script{"s", "s"}, []string{"Got", "Lost", "Empty"}},
		{1, "pPp", []script{"s", "s"}, []string{"Got", "Lost", "Empty"}},
		{2, "ppp", []script{"s", "s"}, []string{"Got", "Lost", "Empty", "cap 2"}},
		{2, "PPPp", []script{"ss"}, []string{"Got", "cap 8"}}, // laps and growth
		{1, "pP", []script{"ss", "s"}, []string{"Got", "Lost", "Empty"}},
		{2, "pPPp", []script{"s", "s"}, []string{"Got", "Lost", "cap 4"}},
		{0, "PPPPp", []script{"sss"}, []string{"Got", "Empty", "cap 8"}},
		{1, "PppPP", []script{"ss"}, []string{"Got", "Lost", "Empty"}}, // grows, shrinks, grows
		{3, "pppP", []script{"ss"}, []string{"Got", "Lost", "Empty", "cap 2"}},
		{1, "Ppp", []script{"s", "e"}, []string{"Got", "Lost", "Empty", "true", "false"}},
	} {
		t.Run(fmt.Sprint(c.before, c.owner, c.thieves), func(t *testing.T) {
			j, round := newJudge(t), 0
			explore(t, func() ([]func(), func()) {
				round++
				o, th := worksteal.NewAt[int](nearWrap[round%len(nearWrap)])
				cs := newClients(1 + len(c.thieves))
				n := 0
				own := func(s script) {
					for _, op := range s {
						if op == 'P' {
							cs[0].push(n, o.Push)
							n++
						} else {
							cs[0].pop(popNewest, o.Pop)
						}
					}
				}
				for range c.before {
					own("P")
				}
				actors := []func(){func() { own(c.owner) }}
				for i, s := range c.thieves {
					actors = append(actors, func() { steal(j, cs[i+1], s, th, nil) })
				}
				return actors, func() {
					j.out[fmt.Sprint("cap ", o.Cap())]++
					for range n + 1 {
						own("p")
					}
					own("Pp") // and it is still usable
					j.check(cs)
				}
			})
			j.reached(c.want...)
		})
	}
}

func TestRingModel(t *testing.T) {
	for _, c := range []struct {
		before  int
		owner   script
		thieves []script
		want    []string
	}{
		{0, "PPp", []script{"s", "s"}, []string{"Got", "Lost", "Empty", "cap 4"}},
		{1, "pPp", []script{"s", "s"}, []string{"Got", "Lost", "Empty"}},
		{2, "pP", []script{"h", "s"}, []string{"Got", "Lost", "cap 4"}},
		{3, "pp", []script{"h", "h"}, []string{"Got", "Lost", "Empty", "moved 1"}},
		{3, "pPPP", []script{"h"}, []string{"Got", "Lost", "moved 1", "cap 8"}},
		{3, "ppppP", []script{"h"}, []string{"Got", "Lost", "Empty", "cap 2"}},
		{1, "PpppPP", []script{"h"}, []string{"Got", "Lost", "Empty"}}, // grows, shrinks, grows
		{1, "PPP", []script{"sh"}, []string{"Got", "moved 1"}},
		{1, "Ppp", []script{"s", "e"}, []string{"Got", "Lost", "Empty", "true", "false"}},
		{3, "pPP", []script{"h", "s"}, []string{"Got", "Lost", "moved 1"}},
		{0, "PPPPp", []script{"sh"}, []string{"Got", "Empty", "cap 8"}},
		{3, "PPP", []script{"s", "h"}, []string{"Got", "Lost", "moved 1", "moved 2"}},
	} {
		t.Run(fmt.Sprint(c.before, c.owner, c.thieves), func(t *testing.T) {
			j, round := newJudge(t), 0
			explore(t, func() ([]func(), func()) {
				round++
				o, th := worksteal.NewRingAt[int](nearWrap[round%len(nearWrap)])
				cs := newClients(1 + len(c.thieves))
				n := 0
				own := func(s script) {
					for _, op := range s {
						if op == 'P' {
							cs[0].push(n, o.Push)
							n++
						} else {
							cs[0].pop(popOldest, o.Pop)
						}
					}
				}
				for range c.before {
					own("P")
				}
				actors := []func(){func() { own(c.owner) }}
				for i, s := range c.thieves {
					actors = append(actors, func() { steal(j, cs[i+1], s, th, th) })
				}
				return actors, func() {
					j.out[fmt.Sprint("cap ", o.Cap())]++
					for range n + 1 {
						own("p")
					}
					own("Pp")
					j.check(cs)
				}
			})
			j.reached(c.want...)
		})
	}
}

// steal does what a thief's script says. half is nil for a deque.
func steal(j *judge, c *client, s script, th interface {
	Steal() (*int, worksteal.Outcome)
	Empty() bool
}, half *worksteal.RingThief[int]) {
	for _, op := range s {
		switch op {
		case 's':
			c.steal(func() (*int, worksteal.Outcome) {
				x, o := th.Steal()
				j.out[o.String()]++
				return x, o
			})
		case 'e':
			c.empty(func() bool {
				b := th.Empty()
				j.out[fmt.Sprint(b)]++
				return b
			})
		case 'h':
			c.do(call{takeHalf, 3}, func() ([]int, bool) {
				dst, dth := worksteal.NewRing[int]()
				first, moved, o := half.StealHalf(dst, 3)
				j.out[o.String()]++
				j.out[fmt.Sprint("moved ", moved)]++
				got := one(first)
				dth.Each(func(x *int) bool { got = append(got, *x); return true })
				return got, o != worksteal.Lost
			})
		}
	}
}

func TestInjectorModel(t *testing.T) {
	for _, c := range []struct {
		before  int // pushed and popped, so that segments end elsewhere
		queued  int
		scripts []script
		want    []string
	}{
		{0, 0, []script{"P", "P", "p"}, []string{"got", "nil"}},
		{1, 0, []script{"P", "P", "p"}, []string{"got", "nil"}},
		{0, 0, []script{"PP", "pp"}, []string{"got", "nil"}},
		{0, 1, []script{"P", "p", "p"}, []string{"got"}},
		{1, 1, []script{"P", "p", "p"}, []string{"got"}},
		{1, 0, []script{"PP", "p", "p"}, []string{"got", "nil"}},
		{0, 0, []script{"PPP", "pp"}, []string{"got", "nil"}},
		{1, 0, []script{"A", "pp"}, []string{"got", "nil"}},
		{2, 0, []script{"A", "P", "p"}, []string{"got", "nil"}},
		{1, 0, []script{"P", "p", "e"}, []string{"got", "nil", "true", "false"}},
		{0, 1, []script{"P", "p", "e"}, []string{"got", "true", "false"}},
		{1, 0, []script{"PP", "ee"}, []string{"true", "false"}},
	} {
		t.Run(fmt.Sprint(c.before, c.queued, c.scripts), func(t *testing.T) {
			j, round := newJudge(t), 0
			explore(t, func() ([]func(), func()) {
				round++
				q := worksteal.NewInjectorAt[int](nearWrap[round%len(nearWrap)])
				for range c.before {
					q.Push(new(int))
					q.Pop()
				}
				cs := newClients(1 + len(c.scripts))
				for i := range c.queued {
					cs[0].push(i, q.Push)
				}
				var actors []func()
				for i, s := range c.scripts {
					actors = append(actors, func() { inject(j, cs[i+1], s, q) })
				}
				return actors, func() {
					for range 10 {
						cs[0].pop(popOldest, q.Pop)
					}
					if !q.Empty() || q.Len() != 0 {
						t.Fatalf("emptied, and Empty %v, Len %d", q.Empty(), q.Len())
					}
					j.check(cs)
				}
			})
			j.reached(c.want...)
		})
	}
}

// inject does what a script says. A is PushAll of two: recorded as two pushes
// of which neither is said to be first.
func inject(j *judge, c *client, s script, q *worksteal.Injector[int]) {
	for i, op := range s {
		n := 10*c.id + i
		switch op {
		case 'P':
			c.push(n, q.Push)
		case 'A':
			m := n + 5
			c.do(call{push, n}, func() ([]int, bool) { q.PushAll([]*int{&n, &m}); return nil, true })
			second := c.ops[len(c.ops)-1]
			second.Input = call{push, m}
			c.ops = append(c.ops, second)
		case 'p':
			c.pop(popOldest, func() *int {
				x := q.Pop()
				if x == nil {
					j.out["nil"]++
				} else {
					j.out["got"]++
				}
				return x
			})
		case 'e': // false is possible too long, true never too early
			c.do(call{isEmpty, 0}, func() ([]int, bool) {
				b := q.Empty()
				j.out[fmt.Sprint(b)]++
				return []int{1}, b
			})
		}
	}
}
