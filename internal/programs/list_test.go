package programs_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A node of a sorted list of different numbers. The first one has no number.
// Who goes along the list holds the lock of a node until he has that of the
// next: nobody overtakes, but many are on their way at once.
type node struct {
	mu   cml.Mutex
	v    int
	next *node // under mu
}

// seek returns, locked, the last node before v.
func (first *node) seek(v int) *node {
	first.mu.Lock()
	at := first
	for at.next != nil && at.next.v < v {
		next := at.next
		next.mu.Lock()
		at.mu.Unlock()
		at = next
	}
	return at
}

// add reports whether v was not in the list.
func (first *node) add(v int) bool {
	at := first.seek(v)
	defer at.mu.Unlock()
	if at.next != nil && at.next.v == v {
		return false
	}
	at.next = &node{v: v, next: at.next}
	return true
}

// remove reports whether v was in the list.
func (first *node) remove(v int) bool {
	at := first.seek(v)
	defer at.mu.Unlock()
	gone := at.next
	if gone == nil || gone.v != v {
		return false
	}
	gone.mu.Lock() // nobody is on his way from it
	at.next = gone.next
	gone.mu.Unlock()
	return true
}

func (first *node) contains(v int) bool {
	at := first.seek(v)
	defer at.mu.Unlock()
	return at.next != nil && at.next.v == v
}

func (first *node) all() (vs []int) {
	at := first
	at.mu.Lock()
	for at.next != nil {
		next := at.next
		next.mu.Lock()
		at.mu.Unlock()
		at = next
		vs = append(vs, at.v)
	}
	at.mu.Unlock()
	return vs
}

// Concurrent sorted linked list: workers add, remove and look for numbers of
// their own, which lie between those of the others.
func TestSortedLinkedList(t *testing.T) {
	const workers, numbers = 10, 20
	ends(t, func(t *testing.T) {
		messages := size(t, 500, 50)
		var list node
		wants := make([]map[int]bool, workers)
		var all cml.WaitGroup
		for w := range workers {
			all.Add(1)
			fibers.Go(func() {
				defer all.Done()
				rnd := rand.New(rand.NewPCG(7, uint64(w)))
				mine := map[int]bool{}
				for range messages {
					v := rnd.IntN(numbers)*workers + w
					switch rnd.IntN(4) {
					case 0:
						check(t, "added", list.add(v), !mine[v])
						mine[v] = true
					case 1:
						check(t, "removed", list.remove(v), mine[v])
						delete(mine, v)
					case 2:
						check(t, "found", list.contains(v), mine[v])
					case 3:
						if vs := list.all(); !slices.IsSorted(vs) || len(vs) > len(slices.Compact(slices.Clone(vs))) {
							t.Errorf("not in order: %v", vs)
						}
					}
				}
				wants[w] = mine
			})
		}
		all.Wait()
		var want []int
		for _, mine := range wants {
			for v := range mine {
				want = append(want, v)
			}
		}
		slices.Sort(want)
		if got := list.all(); !slices.Equal(got, want) {
			t.Errorf("the list is\n%v, want\n%v", got, want)
		}
	})
}
