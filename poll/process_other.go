//go:build !linux

package poll

import "github.com/seed222ee791/fibers/cml"

// watch returns the operation that is ready when the process has ended.
func (p *Process) watch() cml.Op[error] { return p.reap() }
