package poll

import (
	"io"
	"net"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// One connection, so that every event finds the server asleep, or about to fall
// asleep: questions come after pauses of all lengths. None is lost.
func TestNoEventIsLostStress(t *testing.T) {
	rounds := 20_000
	if raceDetector {
		rounds = 2000
	}
	for _, schedulers := range []int{1, 2, 4} {
		rt, err := fibers.New(fibers.WithSchedulers(schedulers))
		if err != nil {
			t.Fatal(err)
		}
		l := mustListen(t, "tcp", "127.0.0.1:0")
		rt.Go(func() { echo(l, fibers.Go) })
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 8)
		longest := time.Duration(0)
		for i := range rounds {
			for start := time.Now(); time.Since(start) < time.Duration(i%60)*time.Microsecond; {
			}
			start := time.Now()
			c.SetDeadline(start.Add(20 * time.Second))
			if _, err := c.Write(buf); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, buf); err != nil {
				t.Fatalf("%d schedulers, question %d: %v", schedulers, i, err)
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
}
