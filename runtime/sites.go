package runtime

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/frames"
	"github.com/seed222ee791/fibers/internal/pad"
)

// Spawn sites, and the names of functions: what addresses in the program's code mean.
//
// An address is looked up in the Go runtime's tables once, at some 1 µs, and then
// found in a table of our own, without a lock. There are at most as many as the
// program has places that call something.

// A site is what an address in the code means, and, if it is where fibers are spawned,
// how many there were.
type site struct {
	pc    uintptr
	ours  bool   // it is in the library; of no interest
	place string // file:line
	fn    string // function

	_ pad.Line
	// counts are of fibers, for some schedulers each, so that two do not write to the
	// same line. Writers: any.
	counts [siteCounts]siteCount

	past history // see growth.go
}

const siteCounts = 4

// A siteCount counts fibers of a site.
type siteCount struct {
	spawned, ended stdatomic.Int64
	_              pad.Line
}

// countOf returns where the scheduler of that index counts.
func (s *site) countOf(index int) *siteCount { return &s.counts[uint(index)%siteCounts] }

// spawned returns how many fibers of s there were.
func (s *site) spawned() (n int64) {
	for i := range s.counts {
		n += s.counts[i].spawned.Load()
	}
	return n
}

// alive returns how many fibers of s are alive, or were a moment ago.
func (s *site) alive() int64 {
	var ended int64
	for i := range s.counts {
		ended += s.counts[i].ended.Load()
	}
	return s.spawned() - ended // the second to be read: both grow
}

// sites maps addresses to what they mean: open addressing, at most half full.
//
// T: a look at the table against an insertion, which is under mu.
//
//	An entry is complete when it is stored, and never changes place in its array. A
//	larger array is complete when it is published. Who looks in an old one, or before
//	the store, does not find it, takes mu and looks again.
//
// Checked by: TestSpawnSitesStress.
type siteTable struct {
	array atomic.Pointer[[]atomic.Pointer[site]]
	mu    struct {
		sync.Mutex
		all []*site
	}
}

var (
	callSites siteTable // by return address
	entries   siteTable // by the address of a function
)

// of returns what pc means. resolve is called once for each.
func (t *siteTable) of(pc uintptr, resolve func(*site)) *site {
	if s := t.find(pc); s != nil {
		return s
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.find(pc); s != nil {
		return s
	}
	s := &site{pc: pc}
	resolve(s)
	t.mu.all = append(t.mu.all, s)
	array := t.array.Load()
	if array == nil || 2*len(t.mu.all) > len(*array) {
		grown := make([]atomic.Pointer[site], max(64, 4*len(t.mu.all)))
		for _, s := range t.mu.all {
			put(grown, s)
		}
		t.array.Store(&grown)
	} else {
		put(*array, s)
	}
	return s
}

func put(array []atomic.Pointer[site], s *site) {
	i := slotOf(s.pc, len(array))
	for array[i].Load() != nil {
		if i++; i == len(array) {
			i = 0
		}
	}
	array[i].Store(s)
}

func (t *siteTable) find(pc uintptr) *site {
	p := t.array.Load()
	if p == nil {
		return nil
	}
	array := *p
	for i := slotOf(pc, len(array)); ; {
		s := array[i].Load()
		if s == nil || s.pc == pc {
			return s
		}
		if i++; i == len(array) {
			i = 0
		}
	}
}

func slotOf(pc uintptr, n int) int {
	return int(uint64(uint32(uint64(pc)*0x9e3779b97f4a7c15>>32)) * uint64(n) >> 32)
}

// each calls f for those there are.
func (t *siteTable) each(f func(*site)) {
	t.mu.Lock()
	all := t.mu.all
	t.mu.Unlock()
	for _, s := range all {
		f(s)
	}
}

// spawnSite returns where the caller of the library spawns a fiber, or nil.
func spawnSite() *site {
	const usual, most = 6, 16
	var pcs [most]uintptr
	for depth := usual; ; depth = most {
		n := frames.Return(pcs[:depth])
		for i, pc := range pcs[:n] {
			s := callSites.find(pc)
			if s == nil && n == usual && depth == usual {
				break // what it means shows at those above it
			}
			if s == nil {
				s = learnSite(pcs, n, i)
			}
			if !s.ours {
				return s
			}
		}
		if n < depth || depth == most {
			return nil
		}
	}
}

// spawnAddress returns where the caller of the library spawns a fiber, as
// runtime.Callers returns it, or 0: for few fibers, as it is slow.
func spawnAddress() uintptr {
	var pcs [16]uintptr
	found := goruntime.CallersFrames(pcs[:goruntime.Callers(2, pcs[:])])
	for {
		f, more := found.Next()
		if f.Function != "" && !ours(f.Function) {
			return f.PC + 1
		}
		if !more {
			return 0
		}
	}
}

// learnSite finds out what the return address all[i] of the calling goroutine means, of
// the n there are. There may be several calls at it, of functions that were inlined, which
// only runtime.Callers can tell, of a stack that is there. (It takes a copy: what is given
// to CallersFrames is on the heap.)
//
//go:noinline
func learnSite(all [16]uintptr, n, i int) *site {
	pcs := all[:n]
	var logical [96]uintptr
	calls := logical[:goruntime.Callers(1, logical[:])]
	from := slices.Index(calls, pcs[i])
	if from < 0 { // a wrapper, which Callers leaves out
		calls = pcs[i : i+1]
	} else {
		// Those before the next address that Callers knows; what is between the two in pcs
		// are wrappers.
		calls = calls[from:]
		next := 1
		for _, above := range pcs[i+1:] {
			if to := slices.Index(calls[1:], above); to >= 0 {
				next = 1 + to
				break
			}
		}
		calls = calls[:next]
	}
	return callSites.of(pcs[i], func(s *site) {
		found := goruntime.CallersFrames(calls)
		for {
			f, more := found.Next()
			if f.Function != "" && !ours(f.Function) {
				s.place, s.fn = fmt.Sprintf("%s:%d", f.File, f.Line), f.Function
				return
			}
			if !more {
				s.ours = true
				return
			}
		}
	})
}

// resolveEntry finds out which function begins at an address.
func resolveEntry(s *site) {
	if fn := goruntime.FuncForPC(s.pc); fn != nil {
		s.fn = strings.TrimSuffix(fn.Name(), "-fm") // of a method value
		file, line := fn.FileLine(s.pc)
		s.place = fmt.Sprintf("%s:%d", file, line)
	}
	s.ours = ours(s.fn)
}

// libraries are the packages of this module whose lines nobody looks for.
var libraries = []string{"runtime.", "runtime/parallel.", "internal/", "cml.", "poll."}

// ours reports whether a function belongs to the library, or to the Go runtime, on
// whose lines nobody spawns a fiber.
func ours(name string) bool {
	const module = "github.com/seed222ee791/fibers/"
	if rest, ok := strings.CutPrefix(name, module); ok {
		for _, l := range libraries {
			if strings.HasPrefix(rest, l) {
				return true
			}
		}
		return false
	}
	return strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "iter.")
}

// witness notes where and by whom the fiber of m is spawned: now, by the caller.
func (m *more) witness(rt *Runtime) {
	index := 0
	if c := current(); c != nil {
		m.parent = c.fiber.id()
		m.spawn = millis(c.sched.now)
		index = c.sched.index
	} else {
		m.spawn = millis(rt.clock())
	}
	if s := spawnSite(); s != nil {
		m.site, m.pc = s, s.pc
		s.countOf(index).spawned.Add(1)
	}
}
