package runtime

import (
	"sync/atomic" // for a word that is plain in one build

	"github.com/seed222ee791/fibers/internal/race"
)

// A hint is a word that its writer writes in passing, at every switch, and that others
// read to learn where to look: they check what they find. It is written whole and without
// a fence, which would cost a tenth of a switch. The race detector is told that it is meant to be
// read while it is written.
type hint struct{ word uintptr }

func (h *hint) set(x uintptr) {
	if race.Enabled {
		atomic.StoreUintptr(&h.word, x)
	} else {
		h.word = x
	}
}

func (h *hint) get() uintptr {
	if race.Enabled {
		return atomic.LoadUintptr(&h.word)
	}
	return h.word
}
