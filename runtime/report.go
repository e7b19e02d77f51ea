package runtime

import (
	"fmt"
	"strings"
	"time"
)

// A Report is what Examine finds: who waits for whom, and what is in the way. It is
// also an error: the one with which Run ends when nothing can happen any more.
type Report struct {
	Time   time.Time
	Fibers int // alive

	// Deadlocks are the cycles: fibers each of which waits for something that the next
	// one has. It is as certain as that who has a lock is the one to give it back.
	Deadlocks []Deadlock
	// Stuck are fibers that nothing known to the runtimes can wake, the longest waiting
	// first, at most 100, and how many there are: no fiber runs, no timer is set, no
	// descriptor, no operation of NewOp and no blocking call is waited for. An ordinary
	// goroutine could still come and wake them, unless Idle is true.
	Stuck      []FiberWait
	StuckCount int
	// Idle says that no ordinary goroutine will come either: all of them wait for others.
	Idle bool
	// Puts are fibers that have waited for more than a second to put something where
	// nobody gets, and twice as long as any fiber is queued (of any runtime, as far as it is
	// known): that may be who gets. The longest waiting first, at most 100.
	Puts []FiberWait
	// Hot are the objects with most waiters, and the locks held longest while somebody
	// waits, at most 20.
	Hot []HotObject
	// Hogs are the fibers that have kept a scheduler from its other work for long.
	Hogs []Hog
	// Late are fibers that were queued for long, of late, of each spawn site one; those
	// first of whose site fewest are queued, and of these the longest.
	Late []Lateness
	// Queued are the fibers that are queued, by where they were spawned, most first, at
	// most 5.
	Queued []QueuedSite
}

// A FiberWait is a fiber that waits, and who has what it waits for.
type FiberWait struct {
	FiberInfo
	HeldBy []uint64 // the fibers, as far as they are known
	Held   time.Duration
}

// A Deadlock is a cycle of fibers, each waiting for the next.
type Deadlock struct {
	Fibers []FiberWait
	Behind int // how many others can go on only if those do
}

// A HotObject is an object at which fibers wait.
type HotObject struct {
	Object
	Waiters int
	Oldest  time.Duration // how long the first of them has waited
	HeldBy  []uint64      // who has it, as far as it is known
	Held    time.Duration // for how long, the longest
	Holder  *FiberInfo    // one who has it
}

// A Hog is a fiber that has run for long, and the scheduler that it runs on.
type Hog struct {
	FiberInfo
	// AtFunc and At, file:line, are where it was met: the innermost function on its stack
	// that is neither of the standard library nor of this module. They are empty where
	// that was not to be seen: see Examine.
	AtFunc, At string
}

// A Lateness is a fiber that was queued for long before it ran.
type Lateness struct {
	Fiber uint64
	Name  string
	Func  string
	Site  string
	Delay time.Duration
	Ago   time.Duration // how long ago it ran at last
	Crowd int           // how many fibers of the same site are queued now
}

// A QueuedSite is how many fibers are queued that were spawned at one place.
type QueuedSite struct {
	Site, Func string // Func is what one of them runs
	Fibers     int
}

// Trouble reports whether there is anything in r that a person should look at.
func (r Report) Trouble() bool {
	return len(r.Deadlocks) > 0 || r.StuckCount > 0 || len(r.Hogs) > 0
}

// Error returns the report, as String does.
func (r Report) Error() string { return r.String() }

// String returns the report as text, the most urgent first.
func (r Report) String() string {
	var b strings.Builder
	if r.Idle {
		b.WriteString("fibers: nothing can happen any more: every fiber waits for another, and nothing else can wake one\n")
	}
	for _, d := range r.Deadlocks {
		fmt.Fprintf(&b, "deadlock of %s:\n", plural(len(d.Fibers), "fiber"))
		for _, f := range d.Fibers {
			f.write(&b)
		}
		if d.Behind > 0 {
			fmt.Fprintf(&b, "  and %s behind them\n", plural(d.Behind, "other"))
		}
	}
	if r.StuckCount > 0 {
		if r.Idle {
			fmt.Fprintf(&b, "stuck: %s\n", plural(r.StuckCount, "fiber"))
		} else {
			fmt.Fprintf(&b, "stuck: %s that only an ordinary goroutine could wake\n", plural(r.StuckCount, "fiber"))
		}
		for i, f := range r.Stuck {
			if i == 10 {
				fmt.Fprintf(&b, "  and %d more\n", r.StuckCount-i)
				break
			}
			f.write(&b)
		}
	}
	for _, h := range r.Hogs {
		fmt.Fprintf(&b, "scheduler %d is held for %v by %s", h.Scheduler, round(h.For), h.who())
		if h.At != "" {
			fmt.Fprintf(&b, ", in %s at %s", h.AtFunc, h.At)
		}
		b.WriteString("\n")
	}
	if len(r.Puts) > 0 {
		b.WriteString("nobody gets what these put:\n")
		for i, f := range r.Puts {
			if i == 10 {
				fmt.Fprintf(&b, "  and %d more\n", len(r.Puts)-i)
				break
			}
			f.write(&b)
		}
	}
	for i, h := range r.Hot {
		if i == 5 {
			break
		}
		fmt.Fprintf(&b, "%s waits at the %v", plural(h.Waiters, "fiber"), h.Object)
		if h.Holder != nil {
			fmt.Fprintf(&b, ", held for %v by %s", round(h.Held), h.Holder.who())
		}
		b.WriteString("\n")
	}
	for i, l := range r.Late {
		if i == 5 {
			break
		}
		fmt.Fprintf(&b, "fiber %d%s %s ran %v late, %v ago\n", l.Fiber, quoted(l.Name), l.Func, round(l.Delay), round(l.Ago))
	}
	if b.Len() == 0 {
		return fmt.Sprintf("fibers: nothing unusual among %d", r.Fibers)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// write writes f on a line of its own.
func (f FiberWait) write(b *strings.Builder) {
	fmt.Fprintf(b, "  %s waits in %s for %v", f.who(), f.Reason, round(f.For))
	if f.Wants.ID != 0 {
		fmt.Fprintf(b, ": it wants the %v", f.Wants)
	}
	if len(f.HeldBy) > 0 {
		fmt.Fprintf(b, ", held by fiber %s", ids10(f.HeldBy))
	}
	b.WriteString("\n")
}

// ids10 lists up to ten numbers.
func ids10(ids []uint64) string {
	s := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids[:min(len(ids), 10)]), " ", ", "), "[]")
	if more := len(ids) - 10; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// who names the fiber: number, name, function and where it was spawned.
func (i FiberInfo) who() string {
	s := fmt.Sprintf("fiber %d%s", i.ID, quoted(i.Name))
	if i.Func != "" {
		s += " " + i.Func
	}
	if i.Site != "" {
		s += " (spawned at " + i.Site + ")"
	}
	return s
}

func quoted(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// round rounds a time for people.
func round(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}
