package cml_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

func TestBufferedChan(t *testing.T) {
	c := cml.NewBuffered[int](3)
	for i := range 3 {
		if !c.TryPut(i) {
			t.Fatal("no room")
		}
	}
	if c.TryPut(3) {
		t.Error("too much room")
	}
	put := make(chan bool)
	go func() {
		c.Put(3)
		close(put)
	}()
	go func() {
		<-put
		cml.Perform(cml.Choice(c.PutOp(4), cml.Never[unit]()))
	}()
	for i := range 5 {
		if v := c.Get(); v != i {
			t.Errorf("got %d, not %d", v, i)
		}
	}
	// A performance that puts and gets: the put finds room.
	if v := cml.Perform(cml.Choice(c.GetOp(), cml.Wrap(c.PutOp(7), func(unit) int { return -1 }))); v != -1 {
		t.Errorf("got %d", v)
	}
	if v := c.Get(); v != 7 {
		t.Errorf("got %d", v)
	}
}

// Everything that is put into a channel comes out, in the order of each putter.
func TestChanKeepsOrderStress(t *testing.T) {
	const putters, getters = 3, 3
	rounds := short(3000)
	for _, room := range []int{0, 1, 5} {
		t.Run(fmt.Sprint("room=", room), func(t *testing.T) {
			onAll(t, func(t *testing.T, tm *team) {
				c := cml.NewChan[[2]int]()
				if room > 0 {
					c = cml.NewBuffered[[2]int](room)
				}
				idlePuts, idleGets := cml.NewChan[[2]int](), cml.NewChan[[2]int]()
				var mu sync.Mutex
				count := 0
				for p := range putters {
					tm.Go(func() {
						for r := range rounds {
							switch v := [2]int{p, r}; r % 3 {
							case 0:
								c.Put(v)
							case 1:
								cml.Perform(cml.Choice(idlePuts.PutOp(v), c.PutOp(v)))
							default:
								if !c.TryPut(v) {
									yield()
									c.Put(v)
								}
							}
						}
					})
				}
				for range getters {
					tm.Go(func() {
						last := [putters]int{-1, -1, -1}
						op := cml.Choice(c.GetOp(), idleGets.GetOp())
						for i := range putters * rounds / getters {
							var v [2]int
							switch i % 3 {
							case 0:
								v = c.Get()
							case 1:
								v = cml.Perform(op)
							default:
								var ok bool
								if v, ok = c.TryGet(); !ok {
									yield()
									v = c.Get()
								}
							}
							if v[1] <= last[v[0]] {
								t.Errorf("got %d of putter %d after %d", v[1], v[0], last[v[0]])
							}
							last[v[0]] = v[1]
							mu.Lock()
							count++
							mu.Unlock()
						}
					})
				}
				tm.wait()
				if count != putters*rounds {
					t.Errorf("%d values of %d", count, putters*rounds)
				}
			})
		})
	}
}

func TestCond(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewCond()
		var firsts atomic.Int32
		idle := cml.NewChan[unit]()
		for i := range 8 {
			tm.Go(func() {
				if i%2 == 0 {
					c.Wait()
				} else {
					cml.Perform(cml.Choice(idle.GetOp(), c.WaitOp()))
				}
				if !c.Signalled() {
					t.Error("woken before the signal")
				}
			})
		}
		for range 3 {
			tm.Go(func() {
				if c.Signal() {
					firsts.Inc()
				}
			})
		}
		tm.wait()
		if firsts.Load() != 1 {
			t.Errorf("%d were the first", firsts.Load())
		}
		c.Wait()
	})
}

func TestIVar(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		iv := cml.NewIVar[int]()
		var sum atomic.Int64
		for i := range 8 {
			tm.Go(func() {
				if i%2 == 0 {
					sum.Add(int64(iv.Read()))
				} else {
					sum.Add(int64(cml.Perform(cml.Choice(iv.ReadOp(), cml.Never[int]()))))
				}
			})
		}
		tm.Go(func() {
			if !iv.Fill(5) || iv.Fill(6) {
				t.Error("filled otherwise than once")
			}
		})
		tm.wait()
		if sum.Load() != 40 || iv.Read() != 5 {
			t.Errorf("read %d in all", sum.Load())
		}
	})
}

func TestMVar(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		m := cml.NewMVar[int]()
		rounds := short(1000)
		// A counter behind an MVar.
		m.Put(0)
		for i := range 4 {
			tm.Go(func() {
				for range rounds {
					switch i {
					case 0:
						m.Put(m.Take() + 1)
					case 1:
						cml.Perform(m.PutOp(cml.Perform(cml.Choice(m.TakeOp(), m.TakeOp())) + 1))
					case 2:
						v := m.Take()
						cml.Perform(cml.Choice(m.PutOp(v+1), cml.Never[unit]()))
					default:
						if m.Read() > 3*rounds || cml.Perform(m.ReadOp()) < 0 {
							t.Error("read nonsense")
						}
					}
				}
			})
		}
		tm.wait()
		if v := m.Take(); v != 3*rounds {
			t.Errorf("counted %d of %d", v, 3*rounds)
		}
	})
}

// What waits at an empty MVar is served in order: reads and swaps leave it full.
func TestMVarServesInOrder(t *testing.T) {
	rt := newRuntime(t, 1)
	tm := &team{t: t, go1: rt.Go}
	m := cml.NewMVar[int]()
	var got [6]int
	var at atomic.Int32
	start := func(i int, f func() int) {
		tm.Go(func() {
			for at.Load() != int32(i) {
				yield()
			}
			at.Inc()
			got[i] = f()
		})
	}
	start(0, m.Read)
	start(1, func() int { return cml.Perform(cml.Choice(m.ReadOp(), cml.Never[int]())) })
	start(2, func() int { return m.Swap(20) })
	start(3, func() int { return cml.Perform(cml.Choice(m.SwapOp(30), cml.Never[int]())) })
	start(4, m.Take)
	start(5, m.Take)
	tm.Go(func() {
		for at.Load() != 6 {
			yield()
		}
		yield()
		m.Put(10)
		m.Put(50)
	})
	tm.wait()
	if want := [6]int{10, 10, 10, 20, 30, 50}; got != want {
		t.Errorf("got %v, not %v", got, want)
	}
}

func TestSwapStress(t *testing.T) {
	rounds := short(1000)
	onAll(t, func(t *testing.T, tm *team) {
		s, s2 := cml.NewSwap[int](), cml.NewSwap[int]()
		over := cml.NewCond()
		const n = 4
		var gave [n]map[int]int
		for p := range n {
			gave[p] = map[int]int{}
			tm.Go(func() {
				for r := range rounds {
					v := p*rounds + r
					var w int
					if r%2 == 0 && p%2 == 0 {
						// May stay alone at the end.
						w = cml.Perform(cml.Choice(s.SwapOp(v), cml.Wrap(over.WaitOp(), func(unit) int { return -1 })))
					} else {
						w = cml.Perform(cml.Choice(s.SwapOp(v), s2.SwapOp(v), s.SwapOp(v), cml.Wrap(over.WaitOp(), func(unit) int { return -1 })))
					}
					if w < 0 {
						return
					}
					gave[p][v] = w
				}
				over.Signal()
			})
		}
		tm.wait()
		for p := range n {
			for v, w := range gave[p] {
				if q := w / rounds; q == p {
					t.Errorf("%d swapped with itself", p)
				} else if back, ok := gave[q][w]; !ok || back != v {
					t.Errorf("%d was swapped for %d, and that for %d", v, w, back)
				}
			}
		}
	})
}

func TestQueue(t *testing.T) {
	for _, capacity := range []int{0, 1, 4} {
		t.Run(fmt.Sprint("capacity=", capacity), func(t *testing.T) {
			onAll(t, func(t *testing.T, tm *team) {
				q := cml.NewQueue[int](capacity)
				rounds := short(1000)
				var sum, n atomic.Int64
				var putters cml.WaitGroup
				putters.Add(3)
				for range 3 {
					tm.Go(func() {
						defer putters.Done()
						for r := range rounds {
							var err error
							if r%2 == 0 {
								err = q.Put(r)
							} else {
								err = cml.Perform(cml.Choice(q.PutOp(r), cml.Never[error]()))
							}
							if err != nil {
								t.Error(err)
							}
						}
					})
				}
				tm.Go(func() {
					putters.Wait()
					q.Close(nil)
				})
				tm.Go(func() {
					for v := range q.All() {
						sum.Add(int64(v))
						n.Inc()
					}
				})
				tm.Go(func() {
					for {
						it := cml.Perform(cml.Choice(q.GetOp(), cml.Never[cml.Item[int]]()))
						if it.Err != nil {
							if it.Err != cml.ErrClosed {
								t.Error(it.Err)
							}
							return
						}
						sum.Add(int64(it.Value))
						n.Inc()
					}
				})
				tm.wait()
				if n.Load() != int64(3*rounds) || sum.Load() != int64(3*rounds*(rounds-1)/2) {
					t.Errorf("%d values, sum %d", n.Load(), sum.Load())
				}
			})
		})
	}
}

func TestQueueClose(t *testing.T) {
	reason := errors.New("enough")
	onAll(t, func(t *testing.T, tm *team) {
		q := cml.NewQueue[int](2)
		q.Put(1)
		q.Put(2)
		tm.Go(func() {
			if err := q.Put(3); err != reason {
				t.Errorf("a put that waited: %v", err)
			}
		})
		tm.Go(func() {
			if err := cml.Perform(cml.Choice(q.PutOp(4), cml.Never[error]())); err != reason {
				t.Errorf("a put that waited in a choice: %v", err)
			}
		})
		tm.Go(func() {
			for range 10 {
				yield()
			}
			q.Close(reason)
			q.Close(nil)
			if err := q.Put(5); err != reason {
				t.Errorf("a later put: %v", err)
			}
			if q.Len() != 2 {
				t.Errorf("%d left", q.Len())
			}
			for _, want := range []cml.Item[int]{{1, nil}, {2, nil}, {0, reason}, {0, reason}} {
				if got := cml.Perform(q.GetOp()); got != want {
					t.Errorf("got %v, not %v", got, want)
				}
			}
		})
	})
}

// The ring of an unbounded queue grows wherever its beginning is.
func TestQueueGrows(t *testing.T) {
	q := cml.NewQueue[int](0)
	next, want := 0, 0
	for range 3000 {
		for range 3 {
			q.Put(next)
			next++
		}
		if v, _ := q.Get(); v != want {
			t.Fatalf("got %d, not %d", v, want)
		}
		want++
	}
	for want < next {
		if v, _ := q.Get(); v != want {
			t.Fatalf("got %d, not %d", v, want)
		}
		want++
	}
}

func TestMulticast(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		m := cml.NewMulticast[int]()
		m.Publish(-1) // nobody is there
		rounds := short(1000)
		for i := range 4 {
			p := m.Subscribe()
			tm.Go(func() {
				for r := range rounds {
					var v int
					if i%2 == 0 {
						v = p.Get()
					} else {
						v = cml.Perform(cml.Choice(p.GetOp(), p.GetOp()))
					}
					if v != r {
						t.Errorf("got %d, not %d", v, r)
					}
				}
				p.Close()
				if _, ok := cml.Poll(p.GetOp()); ok {
					t.Error("a closed port was ready")
				}
			})
		}
		// Two share a port: each value goes to one of them.
		shared := m.Subscribe()
		var sum atomic.Int64
		for range 2 {
			tm.Go(func() {
				for range rounds / 2 {
					sum.Add(int64(shared.Get()))
				}
			})
		}
		tm.Go(func() {
			for r := range rounds {
				m.Publish(r)
			}
		})
		tm.wait()
		if n := rounds / 2 * 2; sum.Load() != int64(n*(n-1)/2) {
			t.Errorf("the shared port got %d", sum.Load())
		}
	})
}

func TestSemaphoreStress(t *testing.T) {
	rounds := short(1000)
	onAll(t, func(t *testing.T, tm *team) {
		const size = 5
		s := cml.NewSemaphore(size)
		idle := cml.NewChan[unit]()
		var used atomic.Int64
		for p := range 6 {
			tm.Go(func() {
				for r := range rounds {
					n := int64((p+r)%size + 1)
					switch r % 3 {
					case 0:
						s.Acquire(n)
					case 1:
						cml.Perform(cml.Choice(idle.GetOp(), s.AcquireOp(n)))
					default:
						if !s.TryAcquire(n) {
							continue
						}
					}
					if used.Add(n) > size {
						t.Error("too many units in use")
					}
					if r%5 == 0 {
						yield()
					}
					used.Sub(n)
					s.Release(n)
				}
			})
		}
		tm.wait()
		if !s.TryAcquire(size) {
			t.Error("units are missing")
		}
		s.Release(size)
	})
}

// Somebody who wants many units is not overtaken, and when he goes those behind
// him are served.
func TestSemaphoreIsFair(t *testing.T) {
	s := cml.NewSemaphore(3)
	s.Acquire(2)
	gone := cml.NewCond()
	done := make(chan bool)
	go func() {
		cml.Perform(cml.Choice(s.AcquireOp(2), gone.WaitOp()))
		done <- true
	}()
	eventually(t, "he waits", func() bool {
		if s.TryAcquire(1) {
			s.Release(1)
			return false
		}
		return true
	})
	go func() {
		s.Acquire(1)
		done <- true
	}()
	eventually(t, "the other waits behind him", func() bool { return cml.WaitingFor(s) == 2 })
	gone.Signal()
	<-done
	<-done
}

func TestMutexStress(t *testing.T) {
	rounds := short(3000)
	onAll(t, func(t *testing.T, tm *team) {
		var m cml.Mutex
		idle := cml.NewChan[unit]()
		n, tried := 0, 0
		for range 6 {
			tm.Go(func() {
				for r := range rounds {
					switch r % 4 {
					case 0, 1:
						m.Lock()
					case 2:
						cml.Perform(cml.Choice(m.LockOp(), idle.GetOp(), m.LockOp()))
					default:
						if !m.TryLock() {
							continue
						}
						tried++
					}
					n++
					if r%7 == 0 {
						yield()
					}
					m.Unlock()
				}
			})
		}
		tm.wait()
		if want := 6*(rounds-rounds/4) + tried; n != want {
			t.Errorf("counted %d of %d", n, want)
		}
		if !m.TryLock() {
			t.Error("still locked")
		}
	})
}

// Nobody who waits for a lock is passed over for ever.
func TestMutexIsFair(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		var m cml.Mutex
		var stop atomic.Bool
		tm.Go(func() {
			for !stop.Load() {
				m.Lock()
				yield()
				m.Unlock()
			}
		})
		tm.Go(func() {
			for range 50 {
				m.Lock()
				yield()
				m.Unlock()
			}
			stop.Store(true)
		})
	})
}

func TestRWMutexStress(t *testing.T) {
	rounds := short(1500)
	onAll(t, func(t *testing.T, tm *team) {
		var rw cml.RWMutex
		idle := cml.NewChan[unit]()
		var readers, writers atomic.Int32
		for p := range 6 {
			tm.Go(func() {
				for r := range rounds {
					if (p+r)%4 == 0 {
						if r%2 == 0 {
							rw.Lock()
						} else {
							cml.Perform(cml.Choice(rw.LockOp(), idle.GetOp()))
						}
						if writers.Inc() != 1 || readers.Load() != 0 {
							t.Error("a writer is not alone")
						}
						writers.Dec()
						rw.Unlock()
						continue
					}
					if r%2 == 0 {
						rw.RLock()
					} else {
						cml.Perform(cml.Choice(rw.RLockOp(), idle.GetOp()))
					}
					readers.Inc()
					if writers.Load() != 0 {
						t.Error("a reader beside a writer")
					}
					if r%5 == 0 {
						yield()
					}
					readers.Dec()
					rw.RUnlock()
				}
			})
		}
		tm.wait()
		if !rw.TryLock() {
			t.Error("still locked")
		}
		if rw.TryRLock() {
			t.Error("a reader beside a writer")
		}
	})
}

func TestWaitGroup(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		var wg cml.WaitGroup
		wg.Wait()
		for range 3 {
			var n atomic.Int32
			wg.Add(5)
			for range 5 {
				tm.Go(func() {
					yield()
					n.Inc()
					wg.Done()
				})
			}
			both := cml.NewCond()
			tm.Go(func() {
				wg.Wait()
				if n.Load() != 5 {
					t.Errorf("%d of 5 are done", n.Load())
				}
				both.Signal()
			})
			cml.Perform(cml.Choice(wg.WaitOp(), cml.Never[unit]()))
			both.Wait()
		}
	})
}

// A barrier is met in every round by all, also where they choose it.
func TestBarrierStress(t *testing.T) {
	const n = 4
	rounds := short(1000)
	onAll(t, func(t *testing.T, tm *team) {
		b := cml.NewBarrier(n)
		idle := cml.NewChan[unit]()
		var in [n]atomic.Int32
		for p := range n {
			tm.Go(func() {
				for r := range rounds {
					in[p].Inc()
					if (p+r)%2 == 0 {
						b.Wait()
					} else {
						cml.Perform(cml.Choice(b.WaitOp(), idle.GetOp(), b.WaitOp()))
					}
					for q := range n {
						if k := in[q].Load(); k != int32(r+1) && k != int32(r+2) {
							t.Errorf("party %d is in round %d, party %d in %d", q, k, p, r+1)
						}
					}
				}
			})
		}
	})
}

// Who chooses something else has not come to the barrier: all or none.
func TestBarrierCommitsAllOrNone(t *testing.T) {
	rounds := short(1000)
	onAll(t, func(t *testing.T, tm *team) {
		const n = 3
		b := cml.NewBarrier(n)
		c := cml.NewChan[int]()
		over := cml.NewCond()
		var met, put, got atomic.Int64
		for range n + 2 {
			tm.Go(func() {
				op := cml.Choice(
					cml.Wrap(b.WaitOp(), func(unit) int { return 0 }),
					cml.Wrap(c.PutOp(1), func(unit) int { return 1 }),
					cml.Wrap(c.GetOp(), func(int) int { return 2 }),
					cml.Wrap(over.WaitOp(), func(unit) int { return 3 }))
				for range rounds {
					switch cml.Perform(op) {
					case 0:
						met.Inc()
					case 1:
						put.Inc()
					case 2:
						got.Inc()
					case 3:
						return
					}
				}
				over.Signal()
			})
		}
		tm.wait()
		if met.Load()%n != 0 || put.Load() != got.Load() {
			t.Errorf("%d met at a barrier for %d, %d puts, %d gets", met.Load(), n, put.Load(), got.Load())
		}
	})
}

func TestBarrierOfOne(t *testing.T) {
	b := cml.NewBarrier(1)
	for range 3 {
		b.Wait()
		cml.Perform(cml.Choice(cml.Never[unit](), b.WaitOp()))
	}
}

func TestZeroValues(t *testing.T) {
	var m cml.Multicast[int]
	m.Publish(1)
	p := m.Subscribe()
	m.Publish(2)
	if v := p.Get(); v != 2 {
		t.Errorf("got %d", v)
	}
	var b cml.Barrier
	mustPanic(t, "cml: a Barrier", b.Wait)
	mustPanic(t, "cml: a Barrier", func() { b.WaitOp() })
}
