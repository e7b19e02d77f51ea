package poll

import (
	"context"
	"net"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// connect connects to one of the addresses; if all fail it returns one of them and
// its error.
func (d *Dialer) connect(ctx context.Context, network string, remotes []net.Addr) (stream, net.Addr, error) {
	if d.FallbackDelay < 0 {
		return d.serial(ctx, network, remotes)
	}
	return d.race(ctx, network, takingTurns(remotes))
}

// leastShare is what one of several addresses has of the time at least.
const leastShare = 2 * time.Second

// serial tries one address after the other. Those that are left share the time that
// is left, so that one which does not answer does not take it all. The first error
// counts.
func (d *Dialer) serial(ctx context.Context, network string, remotes []net.Addr) (_ stream, failed net.Addr, err error) {
	for i, remote := range remotes {
		if e := ctx.Err(); e != nil {
			return nil, remote, contextError(e, false)
		}
		s, e := func() (stream, error) {
			ctx := ctx
			if deadline, ok := ctx.Deadline(); ok {
				left := time.Until(deadline)
				if left <= 0 {
					return nil, tooLate{}
				}
				if share := max(left/time.Duration(len(remotes)-i), leastShare); share < left {
					var cancel func()
					ctx, cancel = context.WithTimeout(ctx, share)
					defer cancel()
				}
			}
			s, _, err := d.race(ctx, network, []net.Addr{remote})
			return s, err
		}()
		if e == nil {
			return s, nil, nil
		}
		if err == nil {
			failed, err = remote, e
		}
	}
	return nil, failed, err
}

// A runner is one attempt of a race.
type runner struct {
	attempt
	who       int // which address
	multipath bool
}

// race connects to the addresses in their order. Each has some time to itself; then
// the next is tried beside it, or at once when one fails. The first that is made
// wins, and the others are given up (RFC 8305). If all fail, the error of the first
// address counts.
func (d *Dialer) race(ctx context.Context, network string, remotes []net.Addr) (stream, net.Addr, error) {
	type outcome struct {
		runner int // −1: it is time for the next; −2: ctx is done
		made   connected
	}
	var running []runner
	defer func() {
		for _, r := range running {
			r.abandon()
		}
	}()
	errs := make([]error, len(remotes))
	// start begins an attempt, and reports whether it is under way.
	start := func(who int, multipath bool) bool {
		x := d.dialing(ctx, network, remotes[who])
		x.multipath = multipath
		a, err := pick(func(b backend) (attempt, error) { return b.connect(x) })
		if err != nil {
			errs[who] = err
			return false
		}
		running = append(running, runner{a, who, multipath})
		return true
	}
	// try tries Multipath TCP first, where that is wanted, and TCP if it fails.
	try := func(who int) bool {
		if formOf(network) == formTCP && d.MultipathTCP() && start(who, true) {
			return true
		}
		return start(who, false)
	}
	stagger := d.FallbackDelay
	if stagger <= 0 {
		stagger = staggerAfter
	}
	done := cml.Wrap(cml.Done(ctx), func(error) outcome { return outcome{runner: -2} })
	begun := 0
	for next := true; ; {
		for next && begun < len(remotes) && ctx.Err() == nil {
			begun++
			next = !try(begun - 1)
		}
		next = false
		if e := ctx.Err(); e != nil && len(running) == 0 && begun < len(remotes) {
			errs[begun] = contextError(e, false)
		}
		if len(running) == 0 {
			return firstError(remotes, errs)
		}
		ops := []cml.Op[outcome]{}
		for i, r := range running {
			ops = append(ops, cml.Wrap(r.done(), func(c connected) outcome { return outcome{i, c} }))
		}
		if begun < len(remotes) {
			ops = append(ops, cml.Wrap(fibers.After(stagger), func(time.Time) outcome { return outcome{runner: -1} }))
		}
		switch o := cml.Perform(cml.Prefer(cml.Choice(ops...), done)); {
		case o.runner == -1:
			next = true
		case o.runner == -2:
			for _, r := range running {
				errs[r.who] = contextError(ctx.Err(), true)
			}
			return firstError(remotes, errs)
		case o.made.err == nil:
			return o.made.stream, nil, nil
		default:
			r := running[o.runner]
			r.abandon()
			running = append(running[:o.runner], running[o.runner+1:]...)
			errs[r.who] = o.made.err
			next = !(r.multipath && start(r.who, false))
		}
	}
}

// firstError returns the error of the first address that has one.
func firstError(remotes []net.Addr, errs []error) (stream, net.Addr, error) {
	for i, err := range errs {
		if err != nil {
			return nil, remotes[i], err
		}
	}
	panic("poll: a dial failed without an error")
}
