//go:build !race

package runtime

// A hint is a word that its writer writes in passing, at every switch, and that others
// read to learn where to look: they check what they find. It is written whole and without
// a fence, which would cost a tenth of a switch.
type hint struct{ word uintptr }

func (h *hint) set(x uintptr) { h.word = x }

func (h *hint) get() uintptr { return h.word }
