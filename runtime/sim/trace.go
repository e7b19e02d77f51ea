package sim

import (
	"fmt"
	goruntime "runtime"
	"strings"
	"text/tabwriter"
	"time"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// A trace is what a run did, for people.
type trace struct {
	r       *run
	entries []entry
	lost    int
	objects map[unsafe.Pointer]string // also keeps them from being used for others
	kinds   map[string]int
	places  map[*simhook.Fiber]string // where each fiber is
	holders map[unsafe.Pointer]*simhook.Fiber
	doing   map[*simhook.Fiber]doing
	spawns  map[*simhook.Fiber]string
}

type entry struct {
	step  int64
	at    time.Duration
	fiber string
	op    string
	obj   string
	place string
	waits bool
}

// doing is what a fiber does, or waits for.
type doing struct {
	op    string
	obj   unsafe.Pointer
	entry int
}

// longestTrace is how many steps a trace keeps, and longestShown how many of them
// are shown: the last ones.
const (
	longestTrace = 2000
	longestShown = 400
)

func newTrace(r *run) *trace {
	return &trace{r: r, objects: map[unsafe.Pointer]string{}, kinds: map[string]int{}, places: map[*simhook.Fiber]string{},
		holders: map[unsafe.Pointer]*simhook.Fiber{}, doing: map[*simhook.Fiber]doing{}, spawns: map[*simhook.Fiber]string{}}
}

// nameOf names a fiber.
func nameOf(f *simhook.Fiber) string {
	switch {
	case f == nil:
		return "nobody"
	case f.ID == 1:
		return "body"
	case f.Name != "":
		return fmt.Sprintf("fiber %d %q", f.ID, f.Name)
	}
	return fmt.Sprintf("fiber %d", f.ID)
}

// object names the object of an operation.
func (t *trace) object(op string, obj unsafe.Pointer) string {
	if obj == nil {
		return ""
	}
	name, ok := t.objects[obj]
	if !ok {
		kind, _, _ := strings.Cut(op, ".")
		kind = strings.ToLower(kind)
		t.kinds[kind]++
		name = fmt.Sprintf("%s#%d", kind, t.kinds[kind])
		t.objects[obj] = name
	}
	return name
}

// spawned is called by who spawned f.
func (t *trace) spawned(f *simhook.Fiber) {
	if f.ID > 1 {
		t.spawns[f] = here()
	}
}

// left is called when cur gives way, on its own stack if it is at a point.
func (t *trace) left(cur *simhook.Fiber, how simhook.How) {
	switch how {
	case simhook.AtPoint:
		t.done(cur)
		t.places[cur] = here()
	case simhook.Parked:
		if d, ok := t.doing[cur]; ok && d.entry >= 0 && d.entry < len(t.entries) {
			t.entries[d.entry].waits = true
		}
	}
}

// standstill is called when nobody can run.
func (t *trace) standstill() {
	for f, d := range t.doing {
		if f.State == simhook.Waiting && d.entry >= 0 {
			t.entries[d.entry].waits = true
		}
	}
}

// marked is called by f when it is about to wait without a point before.
func (t *trace) marked(f *simhook.Fiber) {
	t.done(f)
	t.places[f] = here()
	t.add(t.r.steps.Load(), time.Duration(t.r.engine.Now()), f, f.Op)
	t.doing[f] = doing{f.Op, f.Obj, len(t.entries) - 1}
}

// ended is called when f is no more.
func (t *trace) ended(f *simhook.Fiber) { t.done(f) }

// done notes that f has gone on past what it was doing: if that was to take a lock,
// it has it.
func (t *trace) done(f *simhook.Fiber) {
	d, ok := t.doing[f]
	if !ok {
		return
	}
	delete(t.doing, f)
	switch d.op {
	case "Mutex.Lock", "Lock.Acquire":
		t.holders[d.obj] = f
	case "Mutex.Unlock", "Lock.Release":
		delete(t.holders, d.obj)
	}
}

// step is called when f was chosen; goesOn says that it is the one that ran.
func (t *trace) step(n int64, now int64, f *simhook.Fiber, goesOn bool) {
	at := time.Duration(now)
	switch {
	case f.Fresh:
		t.places[f] = t.spawns[f]
		t.add(n, at, f, "begins")
	case f.Data.At == simhook.AtPoint:
		t.add(n, at, f, f.Op)
		t.doing[f] = doing{f.Op, f.Obj, len(t.entries) - 1}
		f.Data.At = simhook.Past
	case goesOn && (f.Data.At == simhook.Past || f.Data.At == simhook.Yielded):
	default:
		t.add(n, at, f, "goes on")
		if d, ok := t.doing[f]; ok {
			d.entry = len(t.entries) - 1
			t.doing[f] = d
		}
	}
}

func (t *trace) add(n int64, at time.Duration, f *simhook.Fiber, op string) {
	if t.r.over.Load() { // what follows is only the end of everybody
		return
	}
	if len(t.entries) == longestTrace {
		half := longestTrace / 2
		t.entries = t.entries[:copy(t.entries, t.entries[half:])]
		t.lost += half
		for f, d := range t.doing {
			d.entry -= half
			t.doing[f] = d
		}
	}
	t.entries = append(t.entries, entry{n, at, nameOf(f), op, t.object(f.Op, f.Obj), t.places[f], false})
}

// note adds a line of the user's.
func (t *trace) note(text string) {
	f := simhook.Current()
	if f == nil {
		return
	}
	t.places[f] = here()
	t.add(t.r.steps.Load(), time.Duration(t.r.engine.Now()), f, "log")
	if !t.r.over.Load() {
		t.entries[len(t.entries)-1].obj = text
	}
}

// String renders the trace as a table.
func (t *trace) String() string {
	var b strings.Builder
	entries := t.entries
	if n := len(entries) - longestShown; n > 0 {
		entries = entries[n:]
	}
	if n := t.lost + len(t.entries) - len(entries); n > 0 {
		fmt.Fprintf(&b, "(%d lines left out)\n", n)
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, e := range entries {
		op := e.op
		if e.waits {
			op += ", waits"
		}
		fmt.Fprintf(w, "%6d\t%v\t%s\t%s\t%s\t%s\n", e.step, e.at, e.fiber, op, e.obj, e.place)
	}
	w.Flush()
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// here returns where the calling fiber is in the user's code.
func here() string {
	var pcs [48]uintptr
	return placeOf(pcs[:goruntime.Callers(3, pcs[:])])
}
