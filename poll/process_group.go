package poll

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/seed222ee791/fibers/cml"
)

// Signals to processes and to their groups.
//
// A group is known by the number of the process that leads it. While that has not been
// collected the number is nobody else's; after that it may be given to another, and a
// signal would go there. So who signals a group holds the lock of its life, and finds it
// gone from just before the leader is collected. That the leader has exited is waited for
// before, without collecting it, so that until then the group can be signalled: see
// exitSeen. Systems on which that cannot be done have the group gone when cmd.Wait has
// returned: from the end of the leader on the number may be another's there, if nobody is
// left in the group.
//
// What a group has left when its leader has ended it may be given time, or not: with last,
// and while a Shutdown waits, it is killed before the leader is collected.
//
// Checked by: TestShutdown, TestShutdownThatLosesTakesNothingBack, TestGroupOfAProcess,
// TestSignalGroupStress.

// A life is what of a process may be signalled, and by whom.
type life struct {
	sync.Mutex
	last   bool                    // at the end of the leader its group is killed
	asked  map[*dismissal]struct{} // shutdowns that wait, which want that too
	exited bool                    // the process has been seen to have exited
	gone   bool                    // the group must not be signalled any more
}

// OwnGroup has the command lead a process group of its own when it is started: what it
// starts belongs to that too, unless it leaves it, and SignalGroup and Shutdown reach all of
// them. A terminal takes such a group to be in the background: its interrupts do not go
// there, and reading from it stops the process. OwnGroup fails with errors.ErrUnsupported
// on systems without process groups. It panics if cmd.SysProcAttr has the command join a
// group that is there.
func OwnGroup(cmd *exec.Cmd) error {
	if cmd == nil {
		panic("poll: OwnGroup(nil): give it a command")
	}
	if !ownGroup(cmd) {
		panic("poll: OwnGroup of a command whose SysProcAttr.Pgid names a group: a process is in one group")
	}
	if !leadsGroup(cmd) {
		return fmt.Errorf("poll: process groups: %w", errors.ErrUnsupported)
	}
	return nil
}

// SignalGroup sends a signal to the process and to all others of its group, of which it must be
// the leader: see OwnGroup, StartProcessIn. It fails with os.ErrProcessDone if the process has ended
// and been waited for, also if others of the group are left.
func (p *Process) SignalGroup(sig os.Signal) error {
	p.check("SignalGroup")
	if !p.group {
		panic("poll: SignalGroup of a Process in the group of others: call OwnGroup(cmd) before StartProcess")
	}
	p.life.Lock()
	defer p.life.Unlock()
	return p.signal(sig)
}

// signal signals the group, or the process if it has none. The lock is held.
func (p *Process) signal(sig os.Signal) error {
	if !p.group {
		return p.cmd.Process.Signal(sig)
	}
	if p.life.gone {
		return os.ErrProcessDone
	}
	return signalGroup(p.cmd.Process.Pid, sig)
}

// kill kills the group, or the process. It is no error if it has ended.
func (p *Process) kill() {
	p.life.Lock()
	defer p.life.Unlock()
	p.life.last = true
	_ = p.signal(os.Kill)
}

// takeGroup has the end of the process be the end of its group.
func (p *Process) takeGroup() {
	p.life.Lock()
	p.life.last = true
	p.life.Unlock()
}

// reaping is called by who collects the process, before. Where nothing is copied and nobody
// is in its group, cmd.Wait returns at once when it has exited, and nothing is to be done.
func (p *Process) reaping() {
	if (p.group || !p.quick) && exitSeen(p.cmd.Process.Pid) {
		p.bury()
	}
}

// reaped is called by who has collected it.
func (p *Process) reaped() { p.bury() }

// bury ends what may be signalled of the group, after killing it if that is wanted. Shutdowns
// that wait do so for no longer than afterKill from now.
func (p *Process) bury() {
	p.life.Lock()
	defer p.life.Unlock()
	if p.life.exited {
		return
	}
	p.life.exited = true
	for d := range p.life.asked {
		d.killer.Stop()
		d.leaver.Reset(afterKill)
	}
	if p.group && (p.life.last || len(p.life.asked) > 0) {
		_ = p.signal(os.Kill)
	}
	p.life.gone = true
}

// afterKill is how long Shutdown waits after the process has exited, or been killed.
const afterKill = 5 * time.Second

// Shutdown has the process end, and waits until it has: see Wait, whose value it returns.
// It is asked to, by SIGTERM, and killed if after the grace it has not ended; at once if the
// grace is not positive, or where the system has no such question. If the process leads a group
// the signals are sent to all of it, and what is left of the group when the process
// itself has ended is killed.
//
// Five seconds after killing it Shutdown does not wait any longer and fails with
// exec.ErrWaitDelay: others, outside of its group, hold its output open, or the system
// does not get rid of it. So it does on Linux five seconds after the process has exited by
// itself.
func (p *Process) Shutdown(grace time.Duration) error { return cml.Perform(p.ShutdownOp(grace)) }

// ShutdownOp returns the operation that has the process end, and is ready when it has: see
// Shutdown. The process is asked when the operation comes to wait; to try it (cml.Poll)
// does nothing to a process that has not exited. If it loses after that, nothing is killed
// any more, but what has been sent is not taken back. The grace counts from each Perform.
func (p *Process) ShutdownOp(grace time.Duration) cml.Op[error] {
	p.check("Shutdown")
	return cml.Choice(p.result.ReadOp(), cml.NewOp(
		func() (error, bool) { return p.tryWait(true) },
		func(w cml.Waiter[error]) func() { return p.dismiss(max(grace, 0), w) },
	))
}

// A dismissal is a Shutdown that waits.
type dismissal struct {
	killer, leaver *time.Timer // started and reset under the lock of the life, by who finds it in asked
}

// dismiss begins a shutdown. When it gives up, and has won by that, the process is still
// collected at its end, by what notify has been told.
func (p *Process) dismiss(grace time.Duration, w cml.Waiter[error]) (withdraw func()) {
	d := new(dismissal)
	p.life.Lock()
	if p.life.exited || grace == 0 || p.signal(sigTerm) != nil {
		_ = p.signal(os.Kill)
		grace = 0
	}
	d.killer = time.AfterFunc(grace, func() {
		p.life.Lock()
		defer p.life.Unlock()
		if _, waits := p.life.asked[d]; waits {
			_ = p.signal(os.Kill)
		}
	})
	d.leaver = time.AfterFunc(min(grace, math.MaxInt64-afterKill)+afterKill, func() {
		p.drop(d)
		w.Commit(fmt.Errorf("poll: Shutdown of process %d, which has been killed or has exited: %w", p.Pid(), exec.ErrWaitDelay))
	})
	if p.life.asked == nil {
		p.life.asked = make(map[*dismissal]struct{})
	}
	p.life.asked[d] = struct{}{}
	p.life.Unlock()
	cancel := p.end.notify(func() { p.collect(false) })
	return func() {
		p.drop(d)
		if cancel != nil {
			cancel()
		}
	}
}

// drop ends a dismissal. Its timers have no effect after that, and are not started again.
func (p *Process) drop(d *dismissal) {
	p.life.Lock()
	defer p.life.Unlock()
	delete(p.life.asked, d)
	d.killer.Stop()
	d.leaver.Stop()
}
