package parallel

import (
	"fmt"

	"github.com/seed222ee791/fibers/internal/fork"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// inside calls fn where there is a place for branches: in the calling fiber, or
// for a plain goroutine, which waits, in a fiber of the Default runtime. However
// fn ends, inside ends.
func inside(fn func()) {
	if fork.Enter() != nil {
		fn()
		return
	}
	var (
		o      outcome
		closed bool
	)
	for {
		begun := false
		err := fibers.Default().Run(func() {
			begun = true
			p := fork.Enter()
			returned := false
			defer func() {
				if !returned {
					o = caught(recover())
					closed = p.Host.Ending()
				}
			}()
			fn()
			returned = true
		})
		if err == nil || begun {
			break
		} // else it was closed at this moment: there is a new one
	}
	if o.exited && o.panic == nil && closed {
		panic(fmt.Errorf("parallel: the ambient runtime was closed during a call from a goroutine: %w", fibers.ErrClosed))
	}
	o.raise()
}
