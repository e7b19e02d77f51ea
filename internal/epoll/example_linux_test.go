package epoll_test

import (
	"fmt"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/wait"
)

// pipe returns a registered descriptor to read from, its number, and one to write
// to.
func pipe() (d *epoll.Desc, r, w int) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		panic(err)
	}
	d = new(epoll.Desc)
	if err := d.Register(fds[0]); err != nil {
		panic(err)
	}
	return d, fds[0], fds[1]
}

func shut(d *epoll.Desc, r, w int) {
	d.Close()
	unix.Close(r)
	unix.Close(w)
}

// read is the loop of an owner.
func read(d *epoll.Desc, fd int, buf []byte) (int, error) {
	for {
		ticket, state := d.Begin(epoll.In)
		switch state {
		case epoll.Ready:
			n, err := unix.Read(fd, buf)
			if err != unix.EAGAIN {
				return n, err
			}
			d.Drained(epoll.In, ticket)
		case epoll.Idle:
			if w := d.Wait(epoll.In); w != nil {
				w.Exit()
			}
		default:
			return 0, fmt.Errorf("the descriptor is %v", state)
		}
	}
}

func Example() {
	d, r, w := pipe()
	defer shut(d, r, w)
	go unix.Write(w, []byte("hello"))
	buf := make([]byte, 16)
	n, err := read(d, r, buf)
	fmt.Println(string(buf[:n]), err)
	// Output: hello <nil>
}

func ExampleDesc_Register() {
	err := new(epoll.Desc).Register(-1)
	fmt.Println(err)
	// Output: epoll_ctl: bad file descriptor
}

func ExampleDesc_Begin() {
	d, r, w := pipe()
	_, state := d.Begin(epoll.In)
	fmt.Println(state) // nobody has tried yet
	shut(d, r, w)
	_, state = d.Begin(epoll.In)
	fmt.Println(state)
	// Output:
	// ready
	// closed
}

func ExampleDesc_Drained() {
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	if _, err := unix.Read(r, make([]byte, 1)); err == unix.EAGAIN {
		d.Drained(epoll.In, ticket)
	}
	_, state := d.Begin(epoll.In)
	fmt.Println(state)
	// Output: idle
}

func ExampleDesc_Short() {
	d, r, w := pipe()
	defer shut(d, r, w)
	unix.Write(w, []byte("hello"))
	buf := make([]byte, 16)
	ticket, _ := d.Begin(epoll.In)
	if n, _ := unix.Read(r, buf); n < len(buf) {
		d.Short(epoll.In, ticket) // saves an attempt, unless an event has come since
	}
	unix.Write(w, []byte("again"))
	n, err := read(d, r, buf)
	fmt.Println(string(buf[:n]), err)
	// Output: again <nil>
}

func ExampleDesc_Wait() {
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	go unix.Write(w, []byte("hello"))
	for {
		if _, state := d.Begin(epoll.In); state != epoll.Idle {
			fmt.Println(state)
			return
		}
		d.Wait(epoll.In)
	}
	// Output: ready
}

func ExampleDesc_Subscribe() {
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	called := make(chan string)
	_, ok := d.Subscribe(epoll.In, func() { go func() { called <- "ready" }() })
	unix.Write(w, []byte("hello"))
	fmt.Println(ok, <-called)
	// Output: true ready
}

func ExampleDesc_Waiters() {
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	cancel, _ := d.Subscribe(epoll.In, func() {})
	fmt.Println(d.Waiters(epoll.In), d.Waiters(epoll.Out))
	cancel()
	fmt.Println(d.Waiters(epoll.In))
	// Output:
	// 1 0
	// 0
}

func ExampleDesc_Signal() {
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	d.Signal(epoll.In)
	_, state := d.Begin(epoll.In)
	fmt.Println(state)
	// Output: ready
}

func ExampleDesc_Expire() {
	d, r, w := pipe()
	defer shut(d, r, w)
	go func() { d.Expire(epoll.In).Wake() }()
	_, err := read(d, r, make([]byte, 1))
	fmt.Println(err)
	// Output: the descriptor is expired
}

func ExampleDesc_Renew() {
	d, r, w := pipe()
	defer shut(d, r, w)
	d.Expire(epoll.In).Wake()
	d.Renew(epoll.In)
	unix.Write(w, []byte("x"))
	fmt.Println(read(d, r, make([]byte, 1)))
	// Output: 1 <nil>
}

func ExampleDesc_Close() {
	d, r, w := pipe()
	go shut(d, r, w)
	_, err := read(d, r, make([]byte, 1))
	fmt.Println(err)
	// Output: the descriptor is closed
}

// What a scheduler does that has nothing else to do.
func ExampleAcquire() {
	detach := epoll.Attach(func() {})
	defer detach()
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	d.Subscribe(epoll.In, func() { fmt.Println("called") })
	unix.Write(w, []byte("hello"))
	for epoll.Acquire() {
		n := epoll.Wait(-1, nil)
		epoll.Release()
		if n > 0 {
			break
		}
	}
	// Output: called
}

func ExampleAttach() {
	needed := make(chan struct{}, 10)
	detach := epoll.Attach(func() { needed <- struct{}{} })
	defer detach()
	d, r, w := pipe()
	defer shut(d, r, w)
	<-needed
	fmt.Println("somebody must poll")
	// Output: somebody must poll
}

func ExampleRelease() {
	detach := epoll.Attach(func() {})
	defer detach()
	d, r, w := pipe()
	defer shut(d, r, w)
	for !epoll.Acquire() { // the driver may be on its way out
	}
	fmt.Println(epoll.Acquire())
	epoll.Release()
	// Output: false
}

func ExampleWait() {
	detach := epoll.Attach(func() {})
	defer detach()
	d, r, w := pipe()
	defer shut(d, r, w)
	for !epoll.Acquire() {
	}
	defer epoll.Release()
	fmt.Println(epoll.Wait(0, nil))
	// Output: 0
}

func ExamplePark() {
	detach := epoll.Attach(func() {})
	defer detach()
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	d.Subscribe(epoll.In, func() { fmt.Println("something to read") })
	for !epoll.Acquire() {
	}
	defer epoll.Release()
	go unix.Write(w, []byte("hello"))
	for epoll.Park(-1, nil) == 0 { // it may come for the other direction
	}
	// Output: something to read
}

func ExampleLook() {
	detach := epoll.Attach(func() {})
	defer detach()
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	d.Subscribe(epoll.In, func() {})
	unix.Write(w, []byte("hello"))
	for n := 0; n == 0; {
		n, _ = epoll.Look(nil)
	}
	fmt.Println("seen")
	// Output: seen
}

func ExampleWake() {
	detach := epoll.Attach(func() {})
	defer detach()
	d, r, w := pipe()
	defer shut(d, r, w)
	for !epoll.Acquire() {
	}
	defer epoll.Release()
	go epoll.Wake()
	epoll.Wait(-1, nil)
	fmt.Println("woken")
	// Output: woken
}

func ExampleReadStats() {
	before := epoll.ReadStats()
	d, r, w := pipe()
	defer shut(d, r, w)
	now := epoll.ReadStats()
	fmt.Println(now.Backend, now.Registered-before.Registered)
	// Output: epoll 1
}

func ExampleSupported() {
	if err := epoll.Supported(); err != nil {
		fmt.Println("another way is needed:", err)
		return
	}
	fmt.Println("descriptors can be watched")
	// Output: descriptors can be watched
}

func ExampleDesc_Found() {
	d, r, w := pipe()
	defer shut(d, r, w)
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	unix.Write(w, []byte("hello"))
	// The event may not have been looked for yet. Who asks the system knows better.
	if n, _ := unix.Poll([]unix.PollFd{{Fd: int32(r), Events: unix.POLLIN}}, 0); n > 0 {
		d.Found(epoll.In)
	}
	_, state := d.Begin(epoll.In)
	fmt.Println(state)
	// Output: ready
}

func ExampleDesc_WaitUnless() {
	d, r, w := pipe()
	defer shut(d, r, w)
	read := func() error { _, err := unix.Read(r, make([]byte, 1)); return err }
	ticket, _ := d.Begin(epoll.In)
	if read() == unix.EAGAIN {
		d.Drained(epoll.In, ticket)
	}
	var off atomic.Bool
	me := wait.Current()
	go func() {
		off.Store(true)
		me.Unpark()
	}()
	fmt.Println(d.WaitUnless(me, epoll.In, &off), d.Waiters(epoll.In))
	wait.Release(me)
	// Output: false 0
}

func ExampleDesc_Virtual() {
	var d epoll.Desc
	d.Virtual()
	defer d.Close()
	ticket, state := d.Begin(epoll.In)
	fmt.Println(state)
	d.Drained(epoll.In, ticket) // there is nothing
	go d.Found(epoll.In)
	d.Wait(epoll.In)
	_, state = d.Begin(epoll.In)
	fmt.Println(state)
	// Output:
	// ready
	// ready
}
