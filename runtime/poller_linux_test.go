package runtime_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A line is a pipe whose reading end is watched.
type line struct {
	d    epoll.Desc
	r, w int
}

func newLine(t testing.TB) *line {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	l := &line{r: p[0], w: p[1]}
	if err := l.d.Register(l.r); err != nil {
		t.Fatal(err)
	}
	return l
}

// read waits for a byte and returns it.
func (l *line) read() byte {
	var b [1]byte
	for {
		ticket, state := l.d.Begin(epoll.In)
		if state == epoll.Ready {
			if n, _ := unix.Read(l.r, b[:]); n == 1 {
				return b[0]
			}
			l.d.Drained(epoll.In, ticket)
			continue
		}
		if ending := l.d.Wait(epoll.In); ending != nil {
			ending.Exit()
		}
	}
}

func (l *line) write(b byte) {
	if _, err := unix.Write(l.w, []byte{b}); err != nil {
		panic(err)
	}
}

func (l *line) close() {
	l.d.Close()
	_ = unix.Close(l.r)
	_ = unix.Close(l.w)
}

// polls returns how often schedulers waited for descriptors, of all runtimes: any may serve those
// of others.
func polls() (n uint64) {
	for _, rt := range fibers.Runtimes() {
		for _, s := range rt.Stats().Schedulers {
			n += s.Polls
		}
	}
	return n
}

func TestPollerServesFibersAndGoroutines(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		for _, beside := range []bool{false, true} { // another runtime, which has nothing to do but to be the poller
			t.Run(fmt.Sprintf("scheds=%d/beside=%t", n, beside), func(t *testing.T) {
				there, back := newLine(t), newLine(t)
				defer there.close()
				defer back.close()
				if beside {
					other := newRuntime(t, fibers.WithSchedulers(1))
					other.Go(func() { fibers.Sleep(time.Hour) })
				}
				rt := newRuntime(t, fibers.WithSchedulers(n))
				before := polls()
				const rounds = 300
				rt.Go(func() {
					for range rounds {
						back.write(there.read() + 1)
					}
				})
				for i := range rounds {
					there.write(byte(i))
					if got := back.read(); got != byte(i+1) {
						t.Fatalf("%d came back for %d", got, i)
					}
				}
				_ = rt.Run(func() {})
				if st := rt.Stats(); st.Poller != "epoll" || polls() == before {
					t.Errorf("schedulers waited for descriptors %d times, by way of %s", polls()-before, st.Poller)
				}
			})
		}
	}
}

// A runtime whose descriptors are waited for by goroutines is a mixed one, which parks and
// pins nothing, until they have been quiet for a while.
func TestMixedProgram(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	l := newLine(t)
	defer l.close()
	hops := make(chan byte)
	const rounds = 2000
	go func() {
		for range rounds {
			hops <- l.read()
		}
	}()
	mixed := false
	for i := range rounds {
		l.write(byte(i))
		if got := <-hops; got != byte(i) {
			t.Fatalf("%d came for %d", got, i)
		}
		mixed = mixed || fibers.Mixed(rt)
	}
	if !mixed {
		t.Error("a goroutine that read all the time was no company")
	}
	for start := time.Now(); fibers.Mixed(rt); time.Sleep(10 * time.Millisecond) { // sleep: nobody is there
		if time.Since(start) > 20*time.Second {
			t.Fatal("it is mixed still")
		}
	}
}

// soon is how late an event may be served, on a machine that others use too.
const soon = time.Second

// Schedulers that are never idle look in.
func TestPollerWhileEverybodyIsBusy(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	l := newLine(t)
	defer l.close()
	var stop atomic.Bool
	for range 6 {
		rt.Go(func() {
			for !stop.Load() {
				fibers.Yield()
			}
		})
	}
	got := make(chan time.Time, 1)
	rt.Go(func() {
		for range 20 {
			l.read()
			got <- time.Now()
		}
	})
	for range 20 {
		start := time.Now()
		l.write(1)
		if took := (<-got).Sub(start); took > soon {
			t.Errorf("an event was served after %v", took)
		}
	}
	stop.Store(true)
}

// Whoever was the poller has taken work and does not let go of it.
func TestPollerBesideAHog(t *testing.T) {
	for name, idle := range idleBefore {
		for _, n := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s/scheds=%d", name, n), func(t *testing.T) {
				rt := newRuntime(t, fibers.WithSchedulers(n))
				a, b := newLine(t), newLine(t)
				defer a.close()
				defer b.close()
				var told atomic.Bool
				ended := make(chan bool)
				rt.Go(func() {
					a.read()
					ended <- hogUntil(&told)
				})
				rt.Go(func() {
					b.read()
					told.Store(true)
				})
				time.Sleep(idle) // sleep: the runtime is to be idle for so long
				a.write(1)
				time.Sleep(time.Millisecond) // sleep: the hog is most likely at it
				b.write(1)
				if !<-ended {
					t.Error("an event was not served while a fiber computed")
				}
			})
		}
	}
}

// The first descriptor comes when the runtime has been asleep for long, from
// outside.
func TestPollerOfARuntimeThatSleeps(t *testing.T) {
	for name, idle := range idleBefore {
		t.Run(name, func(t *testing.T) {
			newRuntime(t, fibers.WithSchedulers(2))
			for range 5 {
				time.Sleep(idle) // sleep: the runtime is to be idle for so long
				l := newLine(t)
				done := make(chan struct{})
				go func() { l.read(); close(done) }()
				time.Sleep(time.Millisecond) // sleep: the reader waits by now, most likely
				l.write(1)
				<-done
				l.close()
			}
		})
	}
}

// One runtime polls for all, whichever that is, and when it closes, another does,
// or nobody's schedulers.
func TestPollerIsHandedOverWhenARuntimeCloses(t *testing.T) {
	l := newLine(t)
	defer l.close()
	const last = 6
	got := make(chan byte)
	go func() {
		for b := byte(0); b != last; got <- b {
			b = l.read()
		}
	}()
	ping := func(b byte) {
		l.write(b)
		if x := <-got; x != b {
			t.Fatalf("%d came for %d", x, b)
		}
	}
	ping(1)
	for range scale(30, 10) {
		a, err := fibers.New(fibers.WithSchedulers(1))
		if err != nil {
			t.Fatal(err)
		}
		ping(2)
		b, err := fibers.New(fibers.WithSchedulers(2))
		if err != nil {
			t.Fatal(err)
		}
		ping(3)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		ping(4)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		ping(5)
	}
	ping(last)
}

func TestPollerIsIdleWithDescriptors(t *testing.T) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	const n, idle = 100, time.Second
	var all sync.WaitGroup
	var lines []*line
	for range n {
		l := newLine(t)
		lines = append(lines, l)
		all.Add(1)
		rt.Go(func() { l.read(); all.Done() })
	}
	time.Sleep(300 * time.Millisecond) // sleep: let the monitor see that it is quiet
	before := cpuTime(t)
	time.Sleep(idle) // sleep: this is the idle time that is measured
	if used := cpuTime(t) - before; used > idle/10 {
		t.Errorf("a runtime with %d idle descriptors used %v of CPU in %v", n, used, idle)
	}
	for _, l := range lines {
		l.write(1)
	}
	all.Wait()
	for _, l := range lines {
		l.close()
	}
}

// Lines in a circle, on which tokens go round, in fibers of two runtimes and in
// goroutines, while some compute, sleep and spawn. A wake-up that is lost stops a
// token for good.
func TestPollerStress(t *testing.T) {
	const stations, tokens = 12, 4
	hops := scale(4000, 600)
	rts := []*fibers.Runtime{newRuntime(t, fibers.WithSchedulers(1)), newRuntime(t, fibers.WithSchedulers(3))}
	var lines [stations]*line
	for i := range lines {
		lines[i] = newLine(t)
	}
	var left atomic.Int64
	left.Store(int64(hops))
	done := cml.NewCond()
	var all sync.WaitGroup
	for i := range stations {
		station := func() {
			defer all.Done()
			for k := 0; ; k++ {
				b := lines[i].read()
				if b == 0 {
					return
				}
				switch (i + k) % 9 {
				case 0:
					fibers.Sleep(30 * time.Microsecond)
				case 1:
					spin(20 * time.Microsecond)
				case 2:
					fibers.Yield()
				case 3:
					fibers.PerformTimeout(cml.Never[int](), 10*time.Microsecond)
				}
				if left.Dec() <= 0 {
					done.Signal()
					continue // the token ends here
				}
				lines[(i+1)%stations].write(b)
			}
		}
		all.Add(1)
		if i%4 == 3 {
			go station()
		} else {
			rts[i%2].Go(station)
		}
	}
	for i := range tokens {
		lines[i*stations/tokens].write(byte(i + 1))
	}
	done.Wait()
	for _, l := range lines {
		l.write(0)
	}
	all.Wait()
	for _, l := range lines {
		l.close()
	}
}
