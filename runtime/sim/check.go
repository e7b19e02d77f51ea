package sim

import (
	"fmt"
	"regexp"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Test calls body again and again, each time in another schedule, and fails t with a
// report of the first run that fails, its schedule made as short as can be. t.Error
// and t.Fatal in the body fail a run as well; but as a test cannot be unfailed, the
// schedule is not made shorter then: Always, Fail and T can do that.
func Test(t testing.TB, body func(s *Sim), opts ...Option) {
	t.Helper()
	if t == nil {
		panic("sim: Test with a nil testing.TB: use Check without a test")
	}
	notInside("Test")
	x, err := newExploration(body, opts)
	if err != nil {
		t.Fatal(err)
	}
	x.t = t
	x.command = command(t.Name(), packageOf(2))
	if f := x.check(); f != nil {
		t.Error(f.String())
	}
	if x.conf.seeded && !t.Failed() {
		t.Logf("sim: the run of seed %d did not fail%s", x.conf.seed, x.otherBuild())
	}
}

// Check is Test without a test: it returns the failure, or nil if no run failed.
func Check(body func(s *Sim), opts ...Option) *Failure {
	notInside("Check")
	x, err := newExploration(body, opts)
	if err != nil {
		panic(err)
	}
	return x.check()
}

func notInside(what string) {
	if fibers.Current() != nil {
		panic("sim: " + what + " inside a fiber: it drives fibers of its own; call it in a test, or in a plain goroutine")
	}
}

// An exploration is one call of Test or Check.
type exploration struct {
	conf    *config
	body    func(*Sim)
	t       testing.TB // nil: Check
	command string     // by which the test is run
	ticker  *time.Ticker
	runs    int
	reached map[string]bool
	names   []string // of reached, in their order
	failed  bool     // t had failed before
}

func newExploration(body func(*Sim), opts []Option) (*exploration, error) {
	if body == nil {
		panic("sim: a nil body: give it the function to be simulated")
	}
	conf, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	x := &exploration{conf: conf, body: body, reached: map[string]bool{}}
	for _, name := range conf.expect {
		x.reach(name, false)
	}
	return x, nil
}

// reach notes what Sometimes says.
func (x *exploration) reach(name string, cond bool) {
	was, known := x.reached[name]
	if !known {
		x.names = append(x.names, name)
	}
	x.reached[name] = was || cond
}

// outerFailed reports whether t has been failed since the exploration began.
func (x *exploration) outerFailed() bool { return x.t != nil && !x.failed && x.t.Failed() }

// check explores.
func (x *exploration) check() *Failure {
	x.ticker = time.NewTicker(glance)
	defer x.ticker.Stop()
	x.failed = x.t != nil && x.t.Failed()
	ex := x.conf.strategy.explore()
	_, all := ex.(*exhaustion)
	seeded := x.conf.seeded
	switch {
	case seeded && all && x.conf.seed >= ranked: // known by its place among all: those before it are run too
		seeded = false
		x.conf.runs, x.conf.runsSet = int(x.conf.seed&^ranked)+1, true
	case seeded:
		x.conf.runs, x.conf.runsSet = 1, true
	}
	g := generator(x.conf.from)
	for i := 0; all && !x.conf.runsSet || i < x.conf.runs; i++ {
		seed, ok := ex.seed(i, g.next())
		if seeded {
			seed, ok = x.conf.seed, true
		}
		if !ok {
			break
		}
		x.runs++
		c := ex.chooser(seed)
		r := x.newRun(seed, c)
		f := r.execute()
		if f != nil {
			return x.report(r, f, i)
		}
		ex.ended(c, int(r.steps.Load()))
	}
	return x.unreached()
}

// unreached is the failure of an exploration in which no run failed.
func (x *exploration) unreached() *Failure {
	if x.conf.seeded {
		return nil
	}
	var missing []string
	for _, name := range x.names {
		if !x.reached[name] {
			missing = append(missing, fmt.Sprintf("%q", name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &Failure{Kind: Unreached, Seed: x.conf.from, Run: x.runs - 1,
		Message: fmt.Sprintf("never so in %d runs: %s", x.runs, strings.Join(missing, ", "))}
}

// report repeats the run that failed, makes its schedule shorter, and describes it.
func (x *exploration) report(r *run, f *Failure, i int) *Failure {
	f.Run, f.Seed, f.strategy = i, r.seed, x.conf.strategy.String()
	f.Steps = len(r.log)
	if x.command != "" {
		f.Replay = strings.Replace(x.command, "SEED", fmt.Sprintf("%d@%s", f.Seed, build()), 1)
	} else {
		f.Replay = fmt.Sprintf("%s=%d@%s, or sim.Seed(%d)", seedVariable, f.Seed, build(), f.Seed)
	}
	if f.stuck || f.Kind == Diverged {
		return f
	}
	same := x.again(&forced{log: r.log, picks: r.picks}, r.seed, true)
	if same == nil {
		return f // it could not be ended
	}
	if where := departure(r, same); where != "" && !x.byTest(f) {
		f.Message = fmt.Sprintf("the run failed, but repeated it goes another way: %s\nSomething in the body is decided outside the simulation: real time, math/rand, the order of a map, a goroutine, state that runs share.\nThe failure was: %v: %s", where, f.Kind, f.Message)
		f.Kind = Diverged
		return f
	}
	if !x.byTest(f) && !r.endless {
		if better := x.shrink(same, f); better != nil {
			same = better
			if g := better.failed(); g != nil {
				f.Message = g.Message
			}
		}
	}
	if g := same.failed(); g != nil && g.Kind == f.Kind {
		f.Message = g.Message // with where everybody is
	}
	f.Shrunk, f.Switches = len(same.log), switches(same.log)
	f.Trace = same.trace.String()
	return f
}

// byTest reports whether only t knows that the run failed.
func (x *exploration) byTest(f *Failure) bool {
	return x.t != nil && f.Kind == Assertion && x.t.Failed() && !x.failed
}

// again makes a run with a chooser, and a trace if that is wanted. It returns nil if
// the run could not be ended.
func (x *exploration) again(c chooser, seed uint64, traced bool) *run {
	was := x.runs
	names, reached := slices.Clone(x.names), x.reached
	x.reached = map[string]bool{}
	defer func() { x.runs, x.names, x.reached = was, names, reached }()
	r := x.newRun(seed, c)
	r.lenient = true
	if traced {
		r.trace = newTrace(r)
	}
	if f := r.execute(); f != nil && f.stuck {
		return nil
	}
	return r
}

// otherBuild says that the seed was printed by another build.
func (x *exploration) otherBuild() string {
	if x.conf.build == "" || x.conf.build == build() {
		return ""
	}
	return fmt.Sprintf(": it was printed by another build of the program (%s, this one is %s), in which it may have stood for another schedule; run it with the sources and the flags of that one", x.conf.build, build())
}

// command returns the command that runs a test. (The package comes before a flag that
// go test does not know: what comes after is for the test.)
func command(test, pkg string) string {
	parts := strings.Split(test, "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	if pkg != "" {
		pkg = " " + pkg
	}
	return fmt.Sprintf("go test%s -run '%s' -sim.seed=SEED", pkg, strings.Join(parts, "/"))
}

// packageOf returns the path of the package of a caller.
func packageOf(skip int) string {
	pc, _, _, ok := goruntime.Caller(skip)
	if !ok {
		return ""
	}
	name := goruntime.FuncForPC(pc).Name()
	slash := strings.LastIndexByte(name, '/')
	dot := strings.IndexByte(name[slash+1:], '.')
	if dot < 0 {
		return ""
	}
	return strings.TrimSuffix(name[:slash+1+dot], "_test")
}
