package programs_test

import (
	"math/rand/v2"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A dictionary that many may use at once.
type dictionary interface {
	get(key int) (value int, ok bool)
	set(key, value int)
	size() int
}

// served is a dictionary that belongs to a fiber.
type served struct {
	reads  *cml.Chan[lookup]
	writes *cml.Chan[[2]int]
	sizes  *cml.Chan[int]
}

type lookup struct {
	key    int
	answer *cml.IVar[[]int] // of one value or none
}

func newServed() *served {
	d := &served{cml.NewChan[lookup](), cml.NewChan[[2]int](), cml.NewChan[int]()}
	fibers.Go(func() {
		m := map[int]int{}
		for {
			cml.Select(
				cml.On(d.reads.GetOp(), func(l lookup) {
					if v, ok := m[l.key]; ok {
						l.answer.Fill([]int{v})
					} else {
						l.answer.Fill(nil)
					}
				}),
				cml.On(d.writes.GetOp(), func(kv [2]int) { m[kv[0]] = kv[1] }),
				d.sizes.PutOp(len(m)),
			)
		}
	})
	return d
}

func (d *served) get(key int) (int, bool) {
	l := lookup{key, cml.NewIVar[[]int]()}
	d.reads.Put(l)
	if vs := l.answer.Read(); len(vs) > 0 {
		return vs[0], true
	}
	return 0, false
}

func (d *served) set(key, value int) { d.writes.Put([2]int{key, value}) }
func (d *served) size() int          { return d.sizes.Get() }

// locked is a dictionary behind a lock.
type locked struct {
	mu cml.RWMutex
	m  map[int]int
}

func (d *locked) get(key int) (int, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	v, ok := d.m[key]
	return v, ok
}

func (d *locked) set(key, value int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.m[key] = value
}

func (d *locked) size() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.m)
}

// Concurrent dictionary: each worker sees its own writes at once and those of
// others whole, and at the end everything is there.
func TestConcurrentDictionary(t *testing.T) {
	const workers, keys, shared = 20, 50, -1
	for name, make1 := range map[string]func() dictionary{
		"fiber": func() dictionary { return newServed() },
		"lock":  func() dictionary { return &locked{m: map[int]int{}} },
	} {
		t.Run("by="+name, func(t *testing.T) {
			endless(t, func(t *testing.T) {
				messages := size(t, 1000, 100)
				d := make1()
				d.set(shared, 0)
				wants := make([]map[int]int, workers)
				var all cml.WaitGroup
				for w := range workers {
					all.Add(1)
					fibers.Go(func() {
						defer all.Done()
						rnd := rand.New(rand.NewPCG(5, uint64(w)))
						mine := map[int]int{}
						for n := range messages {
							key := w*keys + rnd.IntN(keys)
							if rnd.IntN(10) == 0 {
								mine[key] = n
								d.set(key, n)
								d.set(shared, key)
								continue
							}
							want, there := mine[key]
							if got, ok := d.get(key); got != want || ok != there {
								t.Errorf("key %d: %d, %t, want %d, %t", key, got, ok, want, there)
							}
							if v, ok := d.get(shared); !ok || v < 0 || v >= workers*keys {
								t.Errorf("the key of all: %d, %t", v, ok)
							}
						}
						wants[w] = mine
					})
				}
				all.Wait()
				entries := 1
				for _, mine := range wants {
					entries += len(mine)
					for key, want := range mine {
						got, _ := d.get(key)
						check(t, "the last value", got, want)
					}
				}
				check(t, "entries", d.size(), entries)
			})
		})
	}
}
