package epoll

import (
	"errors"
	"os"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"
)

// pair returns the two ends of a pipe, nonblocking.
func pair(t testing.TB) (r, w int) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func countFDs(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

// The whole of it, over a pipe: park, event, again.
func TestPipe(t *testing.T) {
	r, w := pair(t)
	var d Desc
	if err := d.Register(r); err != nil {
		t.Fatal(err)
	}
	read := func() (string, error) {
		var buf [16]byte
		for {
			ticket, s := d.Begin(In)
			switch s {
			case Ready:
				n, err := unix.Read(r, buf[:])
				if err == unix.EAGAIN {
					d.Drained(In, ticket)
					continue
				}
				if n > 0 && n < len(buf) {
					d.Short(In, ticket)
				}
				return string(buf[:max(n, 0)]), err
			case Idle:
				d.Wait(In)
			default:
				return "", errors.New(s.String())
			}
		}
	}
	got := make(chan string)
	go func() {
		defer close(got)
		for {
			s, err := read()
			if err != nil {
				t.Error(err)
			}
			if s == "" {
				return
			}
			got <- s
		}
	}()
	for range 1000 {
		if _, err := unix.Write(w, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if s := <-got; s != "hello" {
			t.Fatalf("read %q", s)
		}
	}
	unix.Close(w)
	<-got
	d.Close()
	unix.Close(r)
}

func TestDescriptorsReturn(t *testing.T) {
	await := func(most int) {
		t.Helper()
		// There may be fewer: those of the test before are closed as the driver ends.
		for start := time.Now(); countFDs(t) > most; time.Sleep(time.Millisecond) { // sleep: polling with a deadline
			if time.Since(start) > 10*time.Second {
				t.Fatalf("%d descriptors are open, %d before", countFDs(t), most)
			}
		}
	}
	before := countFDs(t)
	for range 20 {
		r, w := pair(t)
		var a, b Desc
		if err := errors.Join(a.Register(r), b.Register(w)); err != nil {
			t.Fatal(err)
		}
		a.Close()
		b.Close()
		unix.Close(r)
		unix.Close(w)
	}
	await(before)
}

// A descriptor is closed while its event waits in the kernel, or is on its way, and
// its number is used again at once.
func TestRecycledDescriptor(t *testing.T) {
	defer Attach(func() {})() // no driver
	keep, other := pair(t)
	defer unix.Close(other)
	defer unix.Close(keep)
	var k Desc
	if err := k.Register(keep); err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for range 200 {
		r, w := pair(t)
		d := new(Desc)
		if err := d.Register(r); err != nil {
			t.Fatal(err)
		}
		unix.Write(w, []byte("x"))
		d.Close()
		unix.Close(r)
		unix.Close(w)
		r2, w2 := pair(t)
		if r2 != r {
			t.Fatal("the number is not used again")
		}
		now := new(Desc)
		if err := now.Register(r2); err != nil {
			t.Fatal(err)
		}
		idle(t, now, In)
		Look(nil)
		if s := state(now, In); s != Idle {
			t.Fatalf("disturbed: %v", s)
		}
		now.Close()
		unix.Close(r2)
		unix.Close(w2)
	}
}

func TestNotPollable(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var d Desc
	if err := d.Register(int(f.Fd())); !errors.Is(err, ErrNotPollable) {
		t.Errorf("a regular file: %v", err)
	}
	if err := new(Desc).Register(1 << 20); !errors.Is(err, unix.EBADF) {
		t.Errorf("a number without descriptor: %v", err)
	}
}

func TestWaitIsNotTooShort(t *testing.T) {
	for _, old := range []bool{false, true} {
		opened, err := openKernel()
		if err != nil {
			t.Fatal(err)
		}
		k := opened.(*instance)
		k.old = old
		var events [4]event
		for _, d := range []time.Duration{1, 100 * time.Microsecond, 1500 * time.Microsecond} {
			start := time.Now()
			if n, err := k.wait(events[:], d); n != 0 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			if took := time.Since(start); took < d {
				t.Errorf("waited %v for %v", took, d)
			}
		}
		k.wake()
		k.wake()
		if n, err := k.wait(events[:], -1); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		k.close()
	}
}

// A goroutine that parks at an instance is woken by what ends a wait in the kernel, also
// when it waits there in turns; nothing is left of either.
func TestParkedWait(t *testing.T) {
	before := descriptors(t)
	opened, err := openKernel()
	if err != nil {
		t.Fatal(err)
	}
	k := opened.(*instance)
	var pair [2]int
	if pair, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := k.add(pair[0], 7); err != nil {
		t.Fatal(err)
	}
	var events [4]event
	park := func(events []event, d time.Duration) (int, error) {
		if !k.parks(d) {
			t.Fatal("Go's poller does not take an epoll instance")
		}
		var turn sync.Mutex
		n, err := k.park(events, &turn)
		turn.Unlock()
		return n, err
	}
	if n, err := k.wait(events[:], 0); n != 1 || err != nil { // it can be written to
		t.Fatalf("%d, %v", n, err)
	}
	for round := range 3 {
		start := time.Now()
		if n, err := park(events[:], 2*time.Millisecond); n != 0 || err != nil || time.Since(start) < 2*time.Millisecond {
			t.Errorf("nothing came: %d, %v after %v", n, err, time.Since(start))
		}
		ways := []func([]event, time.Duration) (int, error){park, k.wait}
		for _, d := range []time.Duration{-1, time.Minute, -1} {
			for i, wait := range append(ways, ways...) {
				time.AfterFunc(time.Millisecond, func() { unix.Write(pair[1], []byte{1}) })
				if n, err := wait(events[:], d); n != 1 || err != nil || events[0].data != 7 || !events[0].in {
					t.Fatalf("round %d, way %d, an event: %d, %v, %+v", round, i, n, err, events[0])
				}
				var b [8]byte
				unix.Read(pair[0], b[:])
				time.AfterFunc(time.Millisecond, k.wake)
				if n, err := wait(events[:], time.Minute); n != 0 || err != nil {
					t.Fatalf("round %d, way %d, woken: %d, %v", round, i, n, err)
				}
			}
		}
	}
	k.close()
	unix.Close(pair[0])
	unix.Close(pair[1])
	if after := descriptors(t); after > before+3 { // Go's own poller has some
		t.Errorf("%d descriptors are open, %d before", after, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// While the holder of the role is parked, others look. Every event comes to somebody, and
// every wake to the one who is parked.
func TestLooksWhileParked(t *testing.T) {
	p := newPoller(openKernel)
	defer p.attach(func() {})()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	d := registered(t, p, pipe[0])

	var rest sync.WaitGroup
	var stop atomic.Bool
	var parks atomic.Int64
	rest.Go(func() {
		for !stop.Load() {
			if p.acquire() {
				p.park(-1, nil)
				parks.Inc()
				p.release()
			}
		}
	})
	for range 2 {
		rest.Go(func() {
			for !stop.Load() {
				p.look(nil)
				goruntime.Gosched()
			}
		})
	}
	late := time.AfterFunc(30*time.Second, func() { panic("an event or a wake was lost") })
	var b [1]byte
	for i := range 3000 {
		if _, err := unix.Write(pipe[1], []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		for {
			ticket, s := d.Begin(In)
			if s == Ready {
				if n, _ := unix.Read(pipe[0], b[:]); n == 1 {
					break
				}
				d.Drained(In, ticket)
				continue
			}
			d.Wait(In)
		}
		if b[0] != byte(i) {
			t.Fatalf("read %d for %d", b[0], i)
		}
		if i%100 == 0 {
			for before := parks.Load(); parks.Load() == before; goruntime.Gosched() {
				p.wake() // it may have been between two parks
			}
		}
	}
	t.Logf("%d parks ended, of 3000 events and 30 wakes", parks.Load()) // looks have ended the rest
	stop.Store(true)
	p.wake()
	rest.Wait()
	late.Stop()
	closeOf(p, d)
}

// Whoever looks says whether it had the role: who failed to get it meanwhile sleeps, and
// is to be told (W5 in package runtime).
func TestLookSaysThatItHadTheRole(t *testing.T) {
	p := newPoller(openKernel)
	defer p.attach(func() {})()
	if _, had := p.look(nil); had {
		t.Error("there was nothing to look for")
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	d := registered(t, p, pipe[0])
	defer closeOf(p, d)
	if _, had := p.look(nil); !had {
		t.Error("the role was free")
	}
	if !p.acquire() {
		t.Fatal("nobody has the role")
	}
	if _, had := p.look(nil); had {
		t.Error("the test has the role")
	}
	parked := make(chan struct{})
	go func() {
		defer close(parked)
		p.park(-1, nil)
	}()
	for !p.parked.Load() {
		goruntime.Gosched()
	}
	if _, had := p.look(nil); had {
		t.Error("one who is parked has the role")
	}
	p.wake()
	<-parked
	p.release()
}
