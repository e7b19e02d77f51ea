//go:build race

package runtime

import "go.uber.org/atomic"

// A hint: see hint_norace.go. The race detector is told that it is meant to be read while
// it is written.
type hint struct{ word atomic.Uintptr }

func (h *hint) set(x uintptr) { h.word.Store(x) }

func (h *hint) get() uintptr { return h.word.Load() }
