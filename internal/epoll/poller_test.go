package epoll

import (
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"
)

func TestStaleEvent(t *testing.T) {
	p, k := withFake(t)
	keep := registered(t, p, 9)
	defer closeOf(p, keep)
	old := registered(t, p, 3)
	late := event{data: old.data(), in: true, out: true}
	closeOf(p, old)
	now := registered(t, p, 3)
	defer closeOf(p, now)
	if now.index != old.index {
		t.Fatal("the place is not used again: this test tests nothing")
	}
	idle(t, now, In)
	k().send(late)
	p.poll()
	if state(now, In) != Idle {
		t.Error("an event of a closed descriptor disturbs the next one in its place")
	}
	if p.stats().Stale != 1 {
		t.Error("the stale event is not counted")
	}
	k().send(event{data: 1<<40 | 1<<20, in: true}) // of a place that never was
	p.poll()
}

func TestKernelIsOpenWhileADescriptorIsWatched(t *testing.T) {
	p, k := withFake(t)
	if p.acquire() {
		t.Fatal("acquired, though nothing is watched")
	}
	for range 3 {
		a, b := registered(t, p, 3), registered(t, p, 4)
		first := k()
		closeOf(p, a)
		if first.closed {
			t.Fatal("closed while one is watched")
		}
		if !p.acquire() {
			t.Fatal("the role is not free")
		}
		closeOf(p, b)
		if first.closed {
			t.Fatal("closed while somebody has the role")
		}
		p.release()
		if !first.closed {
			t.Fatal("not closed by the last one to leave")
		}
	}
	d := registered(t, p, 3)
	closeOf(p, d)
	if !k().closed {
		t.Error("not closed by the last descriptor")
	}
}

func TestRefusedRegistrationLeavesNothing(t *testing.T) {
	sentinel := errors.New("no")
	p := newPoller(func() (kernel, error) {
		return &fake{refuse: sentinel, data: map[int]uint64{}, signal: make(chan struct{}, 1)}, nil
	})
	defer p.attach(func() {})()
	if err := p.register(&Desc{}); err != sentinel {
		t.Fatal(err)
	}
	if p.kernel.Load() != nil || p.table.n.Load() != 0 {
		t.Error("something is left")
	}

	p = newPoller(func() (kernel, error) { return nil, ErrUnsupported })
	if err := p.register(&Desc{}); !errors.Is(err, ErrUnsupported) {
		t.Fatal(err)
	}
	if st := p.stats(); st.Backend != "portable" || !errors.Is(st.Refused, ErrUnsupported) {
		t.Errorf("the refusal is not reported: %+v", st)
	}
}

func TestWakeEndsThisWaitOrTheNext(t *testing.T) {
	p, _ := withFake(t)
	d := registered(t, p, 3)
	defer closeOf(p, d)
	if !p.acquire() {
		t.Fatal("the role is not free")
	}
	defer p.release()
	p.wake()
	p.wait(-1, nil) // the one before
	done := make(chan struct{})
	go func() { p.wait(-1, nil); close(done) }()
	p.wake()
	<-done
}

func TestWakeStress(t *testing.T) {
	p, _ := withFake(t)
	d := registered(t, p, 3)
	defer closeOf(p, d)
	const rounds = 5000
	var asked, answered atomic.Int32
	go func() {
		for i := int32(1); i <= rounds; i++ {
			asked.Store(i)
			p.wake()
			for answered.Load() < i { // a wake that is lost stops the test here
				time.Sleep(0) // sleep: lets others run, for no time
			}
		}
	}()
	for answered.Load() < rounds {
		if p.acquire() {
			if asked.Load() == answered.Load() {
				p.wait(-1, nil)
			}
			p.release()
		}
		answered.Store(asked.Load())
	}
}

// Descriptors come and go while several parties want the role: at rest the kernel
// is closed, and was never closed under anyone (the fake would panic).
func TestRoleStress(t *testing.T) {
	p, k := withFake(t)
	var wg, pollers sync.WaitGroup
	var stop atomic.Bool
	for range 3 {
		pollers.Go(func() {
			for !stop.Load() {
				if p.acquire() {
					p.wait(time.Millisecond, nil)
					p.release()
				}
			}
		})
	}
	for i := range 4 {
		wg.Go(func() {
			for range 2000 {
				d := &Desc{fd: i + 3}
				if err := p.register(d); err != nil {
					t.Error(err)
					return
				}
				closeOf(p, d)
			}
		})
	}
	wg.Wait()
	stop.Store(true)
	pollers.Wait()
	if p.kernel.Load() != nil || !k().closed || p.role.Load() {
		t.Error("the kernel is open at rest")
	}
}

func TestDriverStepsBack(t *testing.T) {
	var mu sync.Mutex
	var k *fake
	p := newPoller(func() (kernel, error) {
		mu.Lock()
		defer mu.Unlock()
		k = newFake()
		return k, nil
	})
	await := func(what string, ok func() bool) {
		t.Helper()
		for start := time.Now(); !ok(); time.Sleep(time.Millisecond) { // sleep: polling with a deadline
			if time.Since(start) > 10*time.Second {
				t.Fatal(what)
			}
		}
	}
	d := registered(t, p, 3)
	await("the driver does not poll", func() bool { return p.role.Load() })

	var told atomic.Int32
	detach := p.attach(func() { told.Inc() })
	await("the driver keeps the role", func() bool { return !p.role.Load() && !p.driver.up.Load() })
	if told.Load() == 0 {
		t.Error("the engine is not told")
	}
	if !p.acquire() {
		t.Fatal("the engine does not get the role")
	}
	p.release()
	if p.driver.up.Load() {
		t.Error("the driver is back while an engine is attached")
	}

	// The last one goes and another comes: the engine hears of it.
	closeOf(p, d)
	before := told.Load()
	d = registered(t, p, 4)
	if told.Load() == before {
		t.Error("the engine is not told of the first descriptor")
	}
	detach()
	detach()
	await("the driver does not come back", func() bool { return p.role.Load() })

	idle(t, d, In)
	woken := make(chan struct{})
	go func() {
		for state(d, In) == Idle {
			d.Wait(In)
		}
		close(woken)
	}()
	mu.Lock()
	k.send(event{data: d.data(), in: true})
	mu.Unlock()
	<-woken
	closeOf(p, d)
	await("the driver does not end", func() bool { return !p.driver.up.Load() && p.kernel.Load() == nil })
}

// noting is a fake that notes for how long is waited.
type noting struct {
	*fake
	waits chan time.Duration
}

func (n *noting) wait(events []event, d time.Duration) (int, error) {
	n.waits <- d
	return n.fake.wait(events, d)
}

// After the driver has made somebody ready it looks for what has come meanwhile, until
// there is nothing, before it waits in the kernel again.
func TestDriverLooksBeforeItWaits(t *testing.T) {
	k := &noting{newFake(), make(chan time.Duration, 16)}
	p := newPoller(func() (kernel, error) { return k, nil })
	d := registered(t, p, 3)
	const rounds = 3
	for round := range rounds {
		idle(t, d, In)
		woken := make(chan struct{})
		go func() {
			for state(d, In) == Idle {
				d.Wait(In)
			}
			close(woken)
		}()
		for start := time.Now(); d.Waiters(In) == 0; time.Sleep(time.Millisecond) { // sleep: polling with a deadline
			if time.Since(start) > 10*time.Second {
				t.Fatal("nobody waits")
			}
		}
		if w := <-k.waits; w >= 0 {
			t.Fatalf("round %d: the driver waits for %v, though there is nothing", round, w)
		}
		k.send(event{data: d.data(), in: true})
		<-woken
		if w := <-k.waits; w != 0 {
			t.Fatalf("round %d: after an event the driver waits for %v before it has looked", round, w)
		}
	}
	if w := <-k.waits; w >= 0 {
		t.Fatalf("at last the driver waits for %v", w)
	}
	closeOf(p, d)
	for start := time.Now(); p.driver.up.Load(); time.Sleep(time.Millisecond) { // sleep: polling with a deadline
		if time.Since(start) > 10*time.Second {
			t.Fatal("the driver does not end")
		}
	}
}

func TestReadyGetsTheWaitersInOrder(t *testing.T) {
	p, k := withFake(t)
	const n = 600 // more than a batch, more than a chunk of the table
	var descs []*Desc
	order := make(chan int, n)
	for i := range n {
		d := registered(t, p, 3+i)
		idle(t, d, In)
		if _, ok := d.Subscribe(In, func() { order <- i }); !ok {
			t.Fatal("not idle")
		}
		descs = append(descs, d)
	}
	for _, d := range descs {
		k().send(event{data: d.data(), in: true})
	}
	for got := 0; got < n; {
		w := p.poll()
		if w > eventBatch {
			t.Fatalf("a batch of %d", w)
		}
		got += w
	}
	for i := range n {
		if got := <-order; got != i {
			t.Fatalf("%d comes before %d", got, i)
		}
	}
	for _, d := range descs {
		closeOf(p, d)
	}
	if p.table.chunks.Load() != nil {
		t.Error("the table keeps what a burst needed")
	}
}
