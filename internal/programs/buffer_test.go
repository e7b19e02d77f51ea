package programs_test

import (
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Producers and consumers with a buffer that is a fiber: it takes while it has
// room and gives while it has something. What it does not do takes no part in
// its choice.
func TestBoundedBuffer(t *testing.T) {
	const room, producers, consumers = 50, 8, 6
	ends(t, func(t *testing.T) {
		each := size(t, 5000, 500)
		in, out := cml.NewChan[int](), cml.NewChan[int]()
		most := fibers.Spawn(func() (most int, _ error) {
			var items []int
			for open := producers; open > 0 || len(items) > 0; {
				take, give := cml.Never[unit](), cml.Never[unit]()
				if open > 0 && len(items) < room {
					take = cml.On(in.GetOp(), func(v int) {
						if v == end { // of one producer
							open--
							return
						}
						items = append(items, v)
						most = max(most, len(items))
					})
				}
				if len(items) > 0 {
					give = cml.On(out.PutOp(items[0]), func(unit) { items = items[1:] })
				}
				cml.Select(take, give)
			}
			for range consumers {
				out.Put(end)
			}
			return most, nil
		})
		for p := range producers {
			fibers.Go(func() {
				for i := range each {
					in.Put(p*each + i)
				}
				in.Put(end)
			})
		}
		var all []*fibers.Task[[]int]
		for range consumers {
			all = append(all, fibers.Spawn(func() (got []int, _ error) {
				for v := out.Get(); v != end; v = out.Get() {
					got = append(got, v)
				}
				return got, nil
			}))
		}

		seen := make([]bool, producers*each)
		count := 0
		for _, task := range all {
			got, _ := task.Await()
			last := make([]int, producers) // of each, in order
			for _, v := range got {
				if p := v / each; seen[v] || v < last[p] {
					t.Fatalf("%d twice, or after %d", v, last[p])
				}
				seen[v] = true
				last[v/each] = v
				count++
			}
		}
		check(t, "items that came through", count, producers*each)
		if n, _ := most.Await(); n < 1 || n > room {
			t.Errorf("at most %d items in the buffer, which has room for %d", n, room)
		}
	})
}
