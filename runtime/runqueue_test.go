package runtime

import (
	"testing"

	"github.com/seed222ee791/fibers/worksteal"
)

// A crowd that a fiber has woken, and one whose time has come after that: it does not wait for all of
// the crowd. Nor does the crowd wait for ever for those who come all the time.
func TestACrowdIsPutBehind(t *testing.T) {
	const crowd = 5 * manyReady
	var q runQueue
	q.init()
	none := worksteal.NewInjector[fiber]()
	fs := make([]fiber, crowd)
	for i := range fs {
		q.pushReady(&fs[i])
	}
	var sleeper fiber
	q.pushWoken(&sleeper)
	picks := 0
	for f := q.pop(); f != &sleeper; f = q.pop() {
		if picks++; f == nil || picks > 2*manyReady {
			t.Fatalf("the sleeper has not run after %d picks", picks)
		}
	}
	left := crowd - picks
	var busy fiber
	for picks = 0; left > 0; picks++ {
		if picks > 8*crowd {
			t.Fatalf("%d of the crowd have not run after %d picks", left, picks)
		}
		if picks%turnPicks == 0 {
			q.advance(none, 1)
		}
		q.pushWoken(&busy)
		if f := q.pop(); f != &busy {
			left--
		}
	}
}
