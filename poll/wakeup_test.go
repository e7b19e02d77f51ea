package poll

import (
	"fmt"
	"io"
	"net"
	goruntime "runtime"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// One connection, so that every event finds the server asleep, or about to fall
// asleep: questions come after pauses of all lengths. None is lost; neither beside
// goroutines with much to do, where schedulers sleep in another way, nor beside another
// runtime, which has the role of the poller half of the time.
func TestNoEventIsLostStress(t *testing.T) {
	rounds := 20_000
	if race.Enabled {
		rounds = 2000
	}
	for _, schedulers := range []int{1, 2, 4} {
		t.Run(fmt.Sprint("alone/", schedulers), func(t *testing.T) { askAndAnswer(t, schedulers, rounds) })
		t.Run(fmt.Sprint("beside goroutines/", schedulers), func(t *testing.T) {
			var over atomic.Bool
			defer over.Store(true)
			for range 3 {
				go func() {
					for !over.Load() {
						for start := time.Now(); time.Since(start) < 20*time.Microsecond; {
						}
						goruntime.Gosched()
					}
				}()
			}
			askAndAnswer(t, schedulers, rounds/200) // Go itself looks for events once in 10 ms then
		})
		t.Run(fmt.Sprint("beside a runtime/", schedulers), func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				askAndAnswer(t, 2, rounds/2)
			}()
			askAndAnswer(t, schedulers, rounds/2)
			<-done
		})
	}
}

// askAndAnswer has a runtime answer questions over a connection.
func askAndAnswer(t *testing.T, schedulers, rounds int) {
	rt, err := fibers.New(fibers.WithSchedulers(schedulers))
	if err != nil {
		t.Error(err)
		return
	}
	l := mustListen(t, "tcp", "127.0.0.1:0")
	rt.Go(func() { echo(l, fibers.Go) })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Error(err)
		return
	}
	buf := make([]byte, 8)
	longest := time.Duration(0)
	for i := range rounds {
		for start := time.Now(); time.Since(start) < time.Duration(i%60)*time.Microsecond; {
		}
		start := time.Now()
		c.SetDeadline(start.Add(20 * time.Second))
		if _, err = c.Write(buf); err == nil {
			_, err = io.ReadFull(c, buf)
		}
		if err != nil {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:goruntime.Stack(stacks, true)]
			t.Errorf("%d schedulers, question %d, after %v: %v\nthe poller: %+v\n%v\n%s",
				schedulers, i, time.Since(start), err, epoll.ReadStats(), fibers.Examine(rt), stacks)
			break
		}
		longest = max(longest, time.Since(start))
	}
	t.Logf("%d schedulers: longest answer %v", schedulers, longest)
	c.Close()
	l.Close()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
}
