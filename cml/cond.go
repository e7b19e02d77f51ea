package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Cond is an event that happens once, for all who wait and will wait: Guile's
// condition. The zero value is ready for use. (It is not a sync.Cond.)
type Cond struct{ iv IVar[Unit] }

// NewCond returns a Cond that has not been signalled.
func NewCond() *Cond { return &Cond{} }

// Signal makes it happen, and reports whether it had not happened before.
func (c *Cond) Signal() bool { return c.iv.Fill(Unit{}) }

// Signalled reports whether it has happened.
func (c *Cond) Signalled() bool {
	if simhook.On() {
		c.point()
	}
	return c.iv.full.Load()
}

// point tells a simulation.
func (c *Cond) point() { simhook.Point("Cond.Signalled", unsafe.Pointer(&c.iv)) }

// Wait waits until it has happened. Signal synchronizes before the return of Wait.
func (c *Cond) Wait() { c.iv.read(wait.Cond) }

// WaitOp is Wait as an op.
func (c *Cond) WaitOp() Op[Unit] { return c.iv.readOp(wait.Cond) }
