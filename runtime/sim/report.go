package sim

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// moduleDir is where the files of this module are, as the program knows them.
var moduleDir = func() string {
	_, file, _, _ := goruntime.Caller(0)
	return strings.TrimSuffix(file, "runtime/sim/report.go")
}()

// ours reports whether a file belongs to the engine and what is on it, and not to the
// program that is simulated. (Not whether a function does: what is inlined bears the
// name of its caller's.)
func ours(file string) bool {
	rest, ok := strings.CutPrefix(file, moduleDir)
	if !ok || strings.HasSuffix(file, "_test.go") {
		return false
	}
	dir, _, _ := cutLast(rest, "/")
	switch dir {
	case "cml", "runtime", "runtime/sim", "runtime/parallel", "poll", "timerwheel", "worksteal":
		return true
	}
	return strings.HasPrefix(rest, "internal/")
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// standard reports whether a function belongs to the standard library.
func standard(function string) bool {
	first, _, _ := strings.Cut(function, "/")
	if first == function {
		first, _, _ = strings.Cut(function, ".")
		return first != "main"
	}
	return !strings.Contains(first, ".")
}

// placeOf returns the innermost place of the user's code in a stack, file:line; if
// there is none, that of the standard library.
func placeOf(pcs []uintptr) string {
	frames := goruntime.CallersFrames(pcs)
	other := ""
	for {
		fr, more := frames.Next()
		if fr.File != "" && !ours(fr.File) {
			at := fmt.Sprintf("%s:%d", base(fr.File), fr.Line)
			if !standard(fr.Function) {
				return at
			}
			if other == "" && !strings.HasPrefix(fr.Function, "runtime.") && !strings.HasPrefix(fr.Function, "iter.") {
				other = at
			}
		}
		if !more {
			return other
		}
	}
}

// base is a file with the last directory before it.
func base(file string) string {
	i := strings.LastIndexByte(file, '/')
	if i < 0 {
		return file
	}
	return file[strings.LastIndexByte(file[:i], '/')+1:]
}

// userStack leaves the engine out of a stack as the Go runtime prints it.
func userStack(stack []byte) string {
	lines := strings.Split(strings.TrimSpace(string(stack)), "\n")
	var kept []string
	for i := 1; i+1 < len(lines); i += 2 {
		function, file := lines[i], strings.TrimSpace(lines[i+1])
		name, _, _ := strings.Cut(strings.TrimPrefix(function, "created by "), "(0x")
		path, _, _ := cutLast(file, ":")
		if ours(path) || strings.HasPrefix(name, "panic(") || strings.HasPrefix(name, "runtime.") ||
			strings.HasPrefix(name, "runtime/debug.") || strings.HasPrefix(name, "iter.") || strings.HasPrefix(name, "testing.") {
			continue
		}
		if j := strings.LastIndex(file, " +0x"); j > 0 {
			file = file[:j]
		}
		kept = append(kept, "\t"+name+"\n\t\t"+file)
	}
	return strings.Join(kept, "\n")
}

// sorted returns the fibers that live, in the order of spawning.
func (r *run) sorted() []*simhook.Fiber {
	live := slices.Clone(r.engine.Live())
	slices.SortFunc(live, func(a, b *simhook.Fiber) int { return a.ID - b.ID })
	return live
}

// mostNamed is how many fibers a report names.
const mostNamed = 50

// deadlock says who waits for what.
func (r *run) deadlock() string {
	live := r.sorted()
	var b strings.Builder
	fmt.Fprintf(&b, "deadlock: the body waits, nobody can run, and no timer will wake anybody; %d fibers wait:\n", len(live))
	r.describe(&b, live)
	if cycle := r.cycle(live); cycle != "" {
		fmt.Fprintf(&b, "a cycle: %s\n", cycle)
	}
	b.WriteString("(Who is to be woken by a goroutine, a real timer or a real connection waits in vain: they are not simulated.)")
	return b.String()
}

// leak says who is left.
func (r *run) leak(format string, args ...any) string {
	live := r.sorted()
	var b strings.Builder
	fmt.Fprintf(&b, "leak: %d fibers %s:\n", len(live), fmt.Sprintf(format, args...))
	r.describe(&b, live)
	return strings.TrimRight(b.String(), "\n")
}

// livelock says who is at it.
func (r *run) livelock(ready []*simhook.Fiber) string {
	var b strings.Builder
	fmt.Fprintf(&b, "livelock: not done after %d steps (Steps sets how many there may be), at %v; these can run:\n", r.x.conf.steps, r.sim.Elapsed())
	ready = slices.Clone(ready)
	slices.SortFunc(ready, func(a, b *simhook.Fiber) int { return a.ID - b.ID })
	r.describe(&b, ready)
	return strings.TrimRight(b.String(), "\n")
}

func (r *run) describe(b *strings.Builder, fs []*simhook.Fiber) {
	for i, f := range fs {
		if i == mostNamed {
			fmt.Fprintf(b, "  and %d more\n", len(fs)-i)
			return
		}
		fmt.Fprintf(b, "  %s", nameOf(f))
		if f.State == simhook.Waiting {
			fmt.Fprintf(b, " waits in %s", f.Op)
			if f.Op == "" {
				fmt.Fprintf(b, "%s", f.Why)
			}
		} else if f.Op != "" {
			fmt.Fprintf(b, " is at %s", f.Op)
		}
		if t := r.trace; t != nil {
			if o := t.object(f.Op, f.Obj); o != "" {
				fmt.Fprintf(b, " of %s", o)
			}
			if h := t.holders[f.Obj]; h != nil && f.State == simhook.Waiting {
				fmt.Fprintf(b, ", held by %s", nameOf(h))
			}
			if p := t.places[f]; p != "" {
				fmt.Fprintf(b, ", at %s", p)
			}
			if p := t.spawns[f]; p != "" {
				fmt.Fprintf(b, "; spawned at %s by %s", p, nameOf(f.Parent))
			}
		}
		b.WriteByte('\n')
	}
}

// cycle names fibers that wait for each other's locks.
func (r *run) cycle(live []*simhook.Fiber) string {
	if r.trace == nil {
		return ""
	}
	for _, first := range live {
		names := []string{nameOf(first)}
		seen := map[*simhook.Fiber]bool{}
		for f := first; f.State == simhook.Waiting && !seen[f]; {
			seen[f] = true
			h := r.trace.holders[f.Obj]
			if h == nil || f.Obj == nil {
				break
			}
			names = append(names, fmt.Sprintf("waits for %s of %s", r.trace.object(f.Op, f.Obj), nameOf(h)))
			if f = h; f == first {
				return strings.Join(names, ", which ")
			}
		}
	}
	return ""
}
