package runtime

import (
	"cmp"
	"fmt"
	"maps"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"

	"github.com/seed222ee791/fibers/internal/gstatus"
)

// A Blocker is a function in which fibers waited in Go's way and so lost their scheduler
// to a stand-in: a place for an operation of this module, or for Blocking, if it is one of
// those that wait most.
type Blocker struct {
	// Func is the innermost function on the fiber's stack that is neither of the standard
	// library nor of this module: of the program, or of a library that it uses. Site is
	// where it was, file:line.
	Func, Site string
	// Count is how many times a scheduler was lost there.
	Count uint64
}

// blockers counts the stacks on which schedulers were lost.
type blockers struct {
	counts map[blockerStack]uint64
}

const (
	blockerDepth  = 24  // frames that are looked at
	maxBlockers   = 512 // stacks that are told apart
	shownBlockers = 10  // functions in Stats
)

type blockerStack [blockerDepth]uintptr

// note counts the stack of the fiber that keeps v; rt.mu is held.
func (b *blockers) note(v *scheduler) {
	f := fiberAt(v.running.get())
	if f == nil {
		return
	}
	var stack blockerStack
	if gstatus.Of(f.g.get()) == gstatus.Ready { // it computes, or goes on already
		return
	}
	if gstatus.Stack(f.g.get(), stack[:]) == 0 {
		return
	}
	if _, known := b.counts[stack]; !known && len(b.counts) >= maxBlockers {
		return
	}
	if b.counts == nil {
		b.counts = make(map[blockerStack]uint64)
	}
	b.counts[stack]++
}

// topBlockers returns the functions that were met most often.
func (rt *Runtime) topBlockers() []Blocker {
	rt.mu.Lock()
	counts := maps.Clone(rt.mu.blockers.counts)
	rt.mu.Unlock()
	type place struct{ fn, site string }
	sums := make(map[place]uint64)
	for stack, n := range counts { // to look up names takes long
		if fn, site := blame(stack[:]); fn != "" {
			sums[place{fn, site}] += n
		}
	}
	var all []Blocker
	for p, n := range sums {
		all = append(all, Blocker{Func: p.fn, Site: p.site, Count: n})
	}
	slices.SortFunc(all, func(a, b Blocker) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Site, b.Site))
	})
	return all[:min(len(all), shownBlockers)]
}

// blame returns the innermost frame of a stack that is the program's or a library's.
func blame(stack []uintptr) (fn, site string) {
	n := slices.Index(stack, 0)
	if n < 0 {
		n = len(stack)
	}
	frames := goruntime.CallersFrames(stack[:n])
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.File, standardFiles()) && !engines(f.Function) {
			return f.Function, fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "", ""
		}
	}
}

// standardFiles is what the names of the standard library's files begin with.
var standardFiles = sync.OnceValue(func() string {
	file, _ := goruntime.FuncForPC(entry(strings.ToTitle)).FileLine(entry(strings.ToTitle))
	return strings.TrimSuffix(file, "strings/strings.go")
})

// engines reports whether a function belongs to the packages of this module that users
// build upon.
func engines(name string) bool {
	const module = "github.com/seed222ee791/fibers/"
	if !strings.HasPrefix(name, module) {
		return false
	}
	name = name[len(module):]
	for _, p := range []string{"runtime.", "runtime/parallel.", "cml.", "poll.", "internal/"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
