//go:build !linux

package runtime

import "time"

// A bell: see bell_linux.go. Here schedulers sleep by Go's timers.
type bell struct{}

func (b *bell) doze(p *parker, d time.Duration) (permit bool) { return p.wait(d) }

func (b *bell) close() {}
