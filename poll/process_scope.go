package poll

import (
	"context"
	"os/exec"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// StartProcessIn is StartProcess of a process that does not outlive the group: it is killed when the context of the
// group is cancelled, and at the end of the scope, when all members have ended, if it
// is still there; the scope returns when it has been collected. If the group's context has been
// cancelled, as after its end, it is not started, and the error is its cause. StartProcessIn panics
// in what was given to Group.Defer.
//
// The process leads a process group of its own (see OwnGroup; unless cmd.SysProcAttr has it
// join another's), which is killed with it, and at the latest when it has ended and is waited
// for. What leaves the group, as daemons do, is not found, nor on systems without process groups.
// Output that such a one holds open is waited for, at the end too, unless cmd.WaitDelay is set.
//
// A process that shall be asked to end, before it is killed, is one of
// exec.CommandContext, with cmd.Cancel: then the context of the group does nothing of its own; or
// one for which Shutdown is called.
func StartProcessIn(g *fibers.Group, cmd *exec.Cmd) (*Process, error) {
	if g == nil || cmd == nil {
		panic("poll: StartProcessIn without a group or a command")
	}
	ctx := g.Context()
	if ctx.Err() != nil { // also of a group that has ended
		return nil, context.Cause(ctx)
	}
	s := new(scoped)
	takeBack := g.Defer(s.end)
	ownGroup(cmd)
	p, err := StartProcess(cmd)
	if err != nil {
		takeBack()
		return nil, err
	}
	p.takeGroup()
	unwatch := func() bool { return true }
	if cmd.Cancel == nil {
		unwatch = context.AfterFunc(ctx, p.kill)
	}
	p.released = func() {
		unwatch()
		takeBack()
	}
	s.p.Store(p)
	if s.over.Load() { // S1
		s.end(nil)
	}
	return p, nil
}

// A scoped is a place for a process at the end of a scope.
//
// S1: who starts the process, outside of the group's members, against the end of the scope.
//
//	The one stores p, then looks at over; the other sets over, then looks at p. One of
//	them is first: the other ends the process. Both may.
type scoped struct {
	p    atomic.Pointer[Process]
	over atomic.Bool
}

// end ends the process.
func (s *scoped) end(error) {
	s.over.Store(true) // S1
	if p := s.p.Load(); p != nil {
		p.kill()
		_ = p.Wait()
	}
}
