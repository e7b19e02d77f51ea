package parallel

import "github.com/seed222ee791/fibers/internal/fork"

// Kept is what the calling fiber keeps for its next forks, while none is under way.
type Kept struct {
	Frames, Jobs int // of Both from int to int
	Loops        int // frames
	Waiters      int // frames of loops that still hold one
	Spans        int
}

// MostKept is what a fiber may keep of each.
const MostKept = mostFrames

// KeptHere returns it.
func KeptHere() (k Kept) {
	b := branchesOf(fork.Current())
	for _, s := range b.stacks {
		if ps, ok := s.(*pairs[int, int]); ok {
			k.Frames, k.Jobs = len(ps.frames), cap(ps.jobs)
		}
	}
	k.Loops, k.Spans = len(b.loops.frames), cap(b.spans)
	for _, f := range b.loops.frames {
		if f.own.waiter != nil {
			k.Waiters++
		}
	}
	return k
}
