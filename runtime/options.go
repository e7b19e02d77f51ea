package runtime

import (
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/cores"
)

// An Option configures a runtime: see Run and New. A later option overrides an
// earlier one of the same kind.
type Option func(*config)

type config struct {
	schedulers    int
	schedulersSet bool
	cpus          []int
	pinning       bool
	pinningSet    bool
	blind         bool  // of tests: the status of goroutines is taken to be unknown
	unpinned      error // why pinning was asked for and is off
	drain         bool
	grace         time.Duration
	stallAfter    time.Duration
	stallReport   func(Report)
	panicHandler  func(f *Fiber, v any, stack []byte)
	recording     bool
	events        int
	blocking      int // 0: no limit
	blockingSet   bool
}

// MaxSchedulers is the most schedulers that a runtime may be given.
const MaxSchedulers = 1024

// WithSchedulers sets the number of schedulers, 1 to MaxSchedulers. The default
// is the number of CPUs in WithCPUs, or else that of the CPUs which this process
// may use (its affinity, limited by GOMAXPROCS). More schedulers than CPUs share
// them and are not locked to cores. Fewer are locked to cores that differ from runtime
// to runtime and from process to process.
func WithSchedulers(n int) Option {
	return func(c *config) { c.schedulers, c.schedulersSet = n, true }
}

// WithCPUs sets the cores: scheduler i is locked to cpus[i%len(cpus)]. Each must
// be one that the process may use.
func WithCPUs(cpus ...int) Option {
	cpus = append([]int{}, cpus...) // the caller may use its slice again
	return func(c *config) { c.cpus = cpus }
}

// WithPinning sets whether schedulers are locked to cores. The default is true
// where the system allows it (Linux) and there are as many CPUs as schedulers.
// Where locking is refused by the system, schedulers run unlocked, and Stats
// says so.
//
// What is limited to one CPU is the thread that carries a scheduler, while it runs
// fibers: where a scheduler that has slept wakes up is the system's to decide, and
// for the first millisecond it stays there. One that gets less than three quarters of
// its core, because other programs use it or a fiber blocks it, is unlocked for some
// time. A process
// that is started from such a thread (os/exec in a fiber, or for a moment in a
// goroutine that comes to run there) inherits the limit; one that poll.StartProcess starts
// does not.
//
// Masks that others set, the application for a thread of its own, or taskset and cpusets
// from outside, are left as they are, and schedulers follow that of the process.
func WithPinning(on bool) Option {
	return func(c *config) { c.pinning, c.pinningSet = on, true }
}

// WithDrain makes Run wait, after main has returned, until no fiber is left.
func WithDrain() Option { return func(c *config) { c.drain = true } }

// WithGrace sets how long the end of a runtime waits for fibers that do not come
// to a wait, default 5 s. Zero is not to wait for more than a moment.
func WithGrace(d time.Duration) Option { return func(c *config) { c.grace = d } }

// WithStallReport has f called with a Report when something has been in the way for the
// time after: fibers in a deadlock, fibers that nothing can wake, a fiber that keeps a
// scheduler, a lock that is held while others wait. Each trouble is reported once, when
// it has lasted that long, at most a few times in that time; f is called on a goroutine
// of its own, one call at a time. The runtime watches while it is open: see Watch.
func WithStallReport(after time.Duration, f func(Report)) Option {
	if f == nil {
		panic("fibers: WithStallReport with a nil function")
	}
	return func(c *config) { c.stallAfter, c.stallReport = after, f }
}

// WithRecorder has the runtime record what happens in it from the beginning, as a flight
// recorder, by a call of Record(n).
func WithRecorder(n int) Option {
	return func(c *config) { c.recording, c.events = true, n }
}

// WithBlockingLimit has at most n calls of Blocking, by fibers of the runtime, run at the same time:
// they take a thread of the system each. The others wait in the order in which they came; Stats
// tells how many run and wait. The default is no limit but that of the Go runtime, which
// ends a process with 10 000 threads.
//
// What package poll does by Blocking counts: files on disk, and the start of a process. Calls in
// plain goroutines, which are made right there, do not. The limit holds to the end: where the runtime
// ends, fibers leave the line, but for those that clean up, which get their turn as calls
// return, within the grace. A function that waits for another blocking call
// of the runtime, as for a fiber that is about to make one, may wait for ever: with n such
// functions no call is left to return.
func WithBlockingLimit(n int) Option {
	return func(c *config) { c.blocking, c.blockingSet = n, true }
}

// WithPanicHandler sets what is called when a panic leaves a fiber, in that
// fiber, with the value and the stack at the panic. The fiber then ends; the
// others go on. Without a handler such a panic ends the process. The panics of
// tasks and group members go to those who wait for them, not to the handler.
func WithPanicHandler(h func(f *Fiber, v any, stack []byte)) Option {
	return func(c *config) { c.panicHandler = h }
}

// ErrOption is wrapped by the errors of options that are out of range.
var ErrOption = errors.New("fibers: option out of range")

// newConfig applies the options and checks them.
func newConfig(opts []Option) (*config, error) {
	c := &config{grace: 5 * time.Second}
	for i, o := range opts {
		if o == nil {
			return nil, fmt.Errorf("%w: option %d is nil", ErrOption, i)
		}
		o(c)
	}
	allowed := cores.Allowed()
	if c.cpus != nil && len(c.cpus) == 0 {
		return nil, fmt.Errorf("%w: WithCPUs needs at least one CPU; allowed are %v", ErrOption, allowed)
	}
	for _, cpu := range c.cpus {
		if !slices.Contains(allowed, cpu) {
			return nil, fmt.Errorf("%w: WithCPUs: CPU %d is not one that this process may use; allowed are %v", ErrOption, cpu, allowed)
		}
	}
	if !c.schedulersSet {
		c.schedulers = len(c.cpus)
		if c.schedulers == 0 {
			c.schedulers = max(1, min(len(allowed), goruntime.GOMAXPROCS(0)))
		}
	}
	if c.schedulers < 1 || c.schedulers > MaxSchedulers {
		return nil, fmt.Errorf("%w: WithSchedulers(%d): allowed are 1 to %d", ErrOption, c.schedulers, MaxSchedulers)
	}
	if c.blockingSet && c.blocking < 1 {
		return nil, fmt.Errorf("%w: WithBlockingLimit(%d): it is at least 1; without the option there is none", ErrOption, c.blocking)
	}
	if c.grace < 0 {
		return nil, fmt.Errorf("%w: WithGrace(%v): the grace cannot be negative", ErrOption, c.grace)
	}
	if c.stallReport != nil && c.stallAfter <= 0 {
		return nil, fmt.Errorf("%w: WithStallReport(%v): the time must be positive", ErrOption, c.stallAfter)
	}
	asked := c.pinning
	switch {
	case c.pinningSet && !c.pinning:
	case !cores.CanPin:
		c.pinning = false
		c.unpinned = errors.New("fibers: this system does not lock threads to cores")
	case c.cpus == nil && len(allowed) < c.schedulers:
		c.pinning = false
		c.unpinned = fmt.Errorf("fibers: %d schedulers are not locked to %d CPUs; WithCPUs would share them", c.schedulers, len(allowed))
	default:
		c.pinning = true
	}
	if !asked {
		c.unpinned = nil
	}
	if c.cpus == nil {
		c.cpus = spreadOver(allowed, c.schedulers)
	}
	return c, nil
}

// taken is how many cores the runtimes of this process have been given so far.
var taken atomic.Uint32

// spreadOver returns the CPUs so that the first n are other ones in other runtimes and,
// most likely, in other processes: those with few schedulers should not all lock them to
// the first cores.
func spreadOver(cpus []int, n int) []int {
	if n >= len(cpus) {
		return cpus
	}
	first := (uint(os.Getpid())*uint(n) + uint(taken.Add(uint32(n))) - uint(n)) % uint(len(cpus))
	return slices.Concat(cpus[first:], cpus[:first])
}
