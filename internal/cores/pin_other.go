//go:build !linux

package cores

import "time"

// CanPin says whether this system lets a thread be pinned.
const CanPin = false

// A Pin does nothing here.
type Pin struct{}

// Looks counts what a Pin has found.
type Looks struct{ Checks, Right, Moves uint64 }

func (p *Pin) Set(cpu int)               {}
func (p *Pin) Check(time.Duration) error { return nil }
func (p *Pin) Looks() Looks              { return Looks{} }
func (p *Pin) Judge(time.Duration)       {}
func (p *Pin) Inherit(*Pin)              {}
func (p *Pin) Rest()                     {}
func (p *Pin) Again()                    {}
func (p *Pin) LetGo()                    {}

// Audit does nothing here.
func Audit() {}
