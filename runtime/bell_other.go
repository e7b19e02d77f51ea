//go:build !linux

package runtime

import (
	"time"

	"github.com/seed222ee791/fibers/internal/parker"
)

// A bell: see bell_linux.go. Here schedulers sleep by Go's timers.
type bell struct{}

func (b *bell) doze(p *parker.Parker, d time.Duration) (permit bool) { return p.Wait(d) }

func (b *bell) close() {}
