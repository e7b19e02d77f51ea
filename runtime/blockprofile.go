package runtime

import (
	goruntime "runtime"
	"slices"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"github.com/seed222ee791/fibers/internal/frames"
	"github.com/seed222ee791/fibers/internal/wait"
)

// The profile of waits: where fibers wait, for what and how long, sampled while
// somebody watches. It is what Go's block profile is to goroutines.

const (
	blockEvery = 64   // of how many waits one is in the profile
	blockDepth = 24   // frames
	maxBlocks  = 4096 // stacks; waits at further ones are not told apart
)

// A blockTime is a wait that is in the profile, while it lasts.
type blockTime struct {
	start int64 // 0: none
	stack *blockStack
}

type blockKey struct {
	pcs [blockDepth]uintptr
	why wait.Reason
}

type blockStack struct {
	why         wait.Reason
	stack       []uintptr // as runtime.Callers gives it
	count, time stdatomic.Int64
}

var blocks struct {
	sync.Mutex
	stacks map[blockKey]*blockStack
}

// begin notes that the caller is about to wait.
//
//go:noinline
func (b *blockTime) begin(rt *Runtime, why wait.Reason) {
	key := blockKey{why: why}
	n := frames.Return(key.pcs[:])
	blocks.Lock()
	st := blocks.stacks[key]
	if st == nil {
		if len(blocks.stacks) >= maxBlocks {
			key = blockKey{why: why}
			n = 0
			st = blocks.stacks[key]
		}
		if st == nil {
			st = &blockStack{why: why}
			if n > 0 {
				st.stack = make([]uintptr, 2*blockDepth)
				st.stack = st.stack[:goruntime.Callers(3, st.stack)]
			}
			if blocks.stacks == nil {
				blocks.stacks = make(map[blockKey]*blockStack)
			}
			blocks.stacks[key] = st
		}
	}
	blocks.Unlock()
	b.start, b.stack = rt.clock(), st
}

// over notes that the wait is over.
func (b *blockTime) over(rt *Runtime) {
	b.stack.count.Add(1)
	b.stack.time.Add(rt.clock() - b.start)
	*b = blockTime{}
}

// A BlockRecord is what the profile of waits has of one stack.
type BlockRecord struct {
	Reason string
	Stack  []uintptr // return addresses, the innermost first, as for runtime.CallersFrames
	Count  int64     // waits that have ended, an estimate
	Time   time.Duration
}

// BlockProfile returns where fibers have waited since somebody began to watch (see
// Watch), for what, how often and how long: estimates, from one wait in 64. Waits that
// have not ended are not in it.
func BlockProfile() []BlockRecord {
	blocks.Lock()
	defer blocks.Unlock()
	all := make([]BlockRecord, 0, len(blocks.stacks))
	for _, st := range blocks.stacks {
		n := st.count.Load()
		if n == 0 {
			continue
		}
		all = append(all, BlockRecord{
			Reason: st.why.String(), Stack: slices.Clone(st.stack),
			Count: n * blockEvery, Time: time.Duration(st.time.Load()) * blockEvery,
		})
	}
	return all
}
