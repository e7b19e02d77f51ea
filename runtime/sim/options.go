package sim

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An Option says how Test and Check explore.
type Option func(*config)

type config struct {
	runs     int
	runsSet  bool
	seed     uint64
	seeded   bool
	build    string // of which the seed is, if that is known
	from     uint64
	steps    int
	strategy Strategy
	patience time.Duration
	expect   []string
	shrinks  int
}

const (
	defaultRuns     = 1000
	defaultSteps    = 1_000_000
	defaultPatience = 10 * time.Second
	defaultShrinks  = 2000
)

// Runs sets how many runs are made, default 1000, or under Exhaustive all there are.
func Runs(n int) Option {
	return func(c *config) {
		if n < 1 {
			panic(fmt.Sprintf("sim: Runs(%d): make one run at least", n))
		}
		c.runs, c.runsSet = n, true
	}
}

// Seed has one run made, that of the seed, as a report names it. The strategy, the
// program and the build must be the same.
func Seed(seed uint64) Option { return func(c *config) { c.seed, c.seeded = seed, true } }

// From sets from what the seeds of the runs are made, default 1: with another number
// other schedules are run.
func From(base uint64) Option { return func(c *config) { c.from = base } }

// Steps sets how many steps a run may take, default 1,000,000: with more it is a
// livelock.
func Steps(most int) Option {
	return func(c *config) {
		if most < 1 {
			panic(fmt.Sprintf("sim: Steps(%d): allow one step at least", most))
		}
		c.steps = most
	}
}

// Explore sets the strategy, default Random.
func Explore(st Strategy) Option {
	return func(c *config) {
		if st == nil {
			panic("sim: Explore(nil): give it a strategy, such as Random()")
		}
		c.strategy = st
	}
}

// Patience sets how long, in real time, a fiber may run without coming to a point
// where others could, default 10 s. (One that blocks its goroutine is found after a
// third of a second in any case.)
func Patience(d time.Duration) Option {
	return func(c *config) {
		if d <= 0 {
			panic(fmt.Sprintf("sim: Patience(%v): give it a positive time", d))
		}
		c.patience = d
	}
}

// Expect names what must be reached, by Sometimes or Reachable, in some run.
func Expect(names ...string) Option {
	return func(c *config) { c.expect = append(c.expect, names...) }
}

// Shrinks sets how many runs may be made to find a shorter schedule for a failure,
// default 2000; 0 is none.
func Shrinks(n int) Option { return func(c *config) { c.shrinks = max(n, 0) } }

// The flags of test binaries, and what they are in the environment.
var (
	seedFlag = flag.String("sim.seed", "", "simulate one run, that of this `seed`, as a report names it (or $"+seedVariable+")")
	runsFlag = flag.Int("sim.runs", 0, "simulate `n` runs, whatever the tests say (or $"+runsVariable+")")
)

const (
	seedVariable = "FIBERS_SIM_SEED"
	runsVariable = "FIBERS_SIM_RUNS"
)

// newConfig applies the options, and then the flags and the environment.
func newConfig(opts []Option) (*config, error) {
	c := &config{runs: defaultRuns, from: 1, steps: defaultSteps, strategy: Random(), patience: defaultPatience, shrinks: defaultShrinks}
	for i, o := range opts {
		if o == nil {
			panic(fmt.Sprintf("sim: option %d is nil: leave it out", i))
		}
		o(c)
	}
	seed := *seedFlag
	if seed == "" {
		seed = os.Getenv(seedVariable)
	}
	if seed != "" {
		number, build, _ := strings.Cut(seed, "@")
		n, err := strconv.ParseUint(number, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("sim: %q is no seed: give -sim.seed or $%s what the report of a failure says, a number, perhaps with @ and a build", seed, seedVariable)
		}
		c.seed, c.seeded, c.build = n, true, build
	}
	runs := *runsFlag
	if v := os.Getenv(runsVariable); runs == 0 && v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, fmt.Errorf("sim: $%s is %q: give it a number of runs", runsVariable, v)
		}
		runs = n
	}
	if runs < 0 {
		return nil, fmt.Errorf("sim: %d runs: make one at least", runs)
	}
	if runs > 0 {
		c.runs, c.runsSet = runs, true
	}
	return c, nil
}

// build returns what tells this build from others: a hash of the program.
var build = sync.OnceValue(func() string {
	name, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	f, err := os.Open(name)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	h := fnv.New32a()
	if _, err := io.Copy(h, f); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%08x", h.Sum32())
})
