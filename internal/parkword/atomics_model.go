//go:build model

package parkword

import "github.com/seed222ee791/fibers/internal/simsched"

// In this build the word reports each access before it is made, so that TestWordModel can
// run the source of this package through every order of accesses. And a test may bend what
// the source does, to see that it finds that.
type word struct {
	v simsched.Uint64
	// news is a ghost: what whoever reads the word learns of those who wrote it. A test's.
	news uint64
}

// A mutant is one change of the source. A CAS is known by the states that it leads from and to.
type mutant struct {
	tears  change              // this CAS is a load and a store
	omits  change              // this CAS is not made, and said to be
	stores func(uint64) uint64 // what is stored instead
}

type change struct{ from, to uint64 }

func changeOf(from, to uint64) change { return change{from & stateMask, to & stateMask} }

// Writer: a test, while no actor runs.
var (
	bent mutant
	// told, if not nil, is called after each access.
	told func(w *word, reads, writes bool)
	made map[change]bool // by CAS, if not nil
)

func (w *word) tell(reads, writes bool) {
	if told != nil {
		told(w, reads, writes)
	}
}

// Load reads the word.
func (w *word) Load() uint64 {
	x := w.v.Load()
	w.tell(true, false)
	return x
}

// Store writes the word.
func (w *word) Store(x uint64) {
	if bent.stores != nil {
		x = bent.stores(x)
	}
	w.v.Store(x)
	w.tell(false, true)
}

// CompareAndSwap writes x if the word is old.
func (w *word) CompareAndSwap(old, x uint64) bool {
	switch c := changeOf(old, x); {
	case c == change{}: // no mutant is
	case c == bent.omits:
		return w.Load() == old
	case c == bent.tears:
		if w.Load() != old {
			return false
		}
		w.v.Store(x)
		w.tell(false, true)
		return true
	}
	done := w.v.CompareAndSwap(old, x)
	w.tell(true, done)
	if done && made != nil {
		made[changeOf(old, x)] = true
	}
	return done
}
