package programs_test

import (
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The sleeping barber: customers who find a chair free wait for the barber, the
// others come again later. Everybody gets one haircut, one at a time.
func TestSleepingBarber(t *testing.T) {
	ends(t, func(t *testing.T) {
		const chairs = 5
		customers := size(t, 2000, 300)
		type customer struct{ shorn *cml.Cond }
		room := cml.NewQueue[customer](chairs)
		var cutting atomic.Int32
		barber := fibers.Spawn(func() (haircuts int, _ error) {
			for c := range room.All() { // sleeps while nobody is there
				if cutting.Inc() != 1 {
					t.Error("two haircuts at once")
				}
				if n := room.Len(); n > chairs {
					t.Errorf("%d customers on %d chairs", n, chairs)
				}
				haircuts++
				cutting.Dec()
				c.shorn.Signal()
			}
			return haircuts, nil
		})
		var all cml.WaitGroup
		var served atomic.Int64
		for range customers {
			all.Add(1)
			fibers.Go(func() {
				defer all.Done()
				c := customer{cml.NewCond()}
				for {
					err, entered := cml.Poll(room.PutOp(c))
					if err != nil {
						t.Error(err)
					}
					if entered {
						break
					}
					fibers.Yield() // goes for a walk
				}
				c.shorn.Wait()
				served.Inc()
			})
		}
		all.Wait()
		room.Close(nil)
		haircuts, err := barber.Await()
		check(t, "error", err, nil)
		check(t, "haircuts", haircuts, customers)
		check(t, "customers served", served.Load(), int64(customers))
	})
}
