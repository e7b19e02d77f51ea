package sim

import (
	"fmt"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// forced repeats a run: it chooses who was chosen then.
type forced struct {
	log    []uint64
	picks  []pick
	byPath map[uint64][]int
	at     int
	// departed says where the run went another way; it goes on somehow.
	departed string
}

func (c *forced) spawned(*simhook.Fiber) {}

func (c *forced) next(ready []*simhook.Fiber, cur *simhook.Fiber, how simhook.How) *simhook.Fiber {
	if c.at < len(c.log) {
		path := c.log[c.at]
		c.at++
		for _, f := range ready {
			if f.Path == path {
				return f
			}
		}
		if c.departed == "" {
			c.departed = fmt.Sprintf("at step %d the fiber that ran then cannot run now", c.at)
		}
	}
	return stay(ready, cur, how)
}

func (c *forced) pick(f *simhook.Fiber, n int) int {
	if c.byPath == nil {
		c.byPath = picksOf(c.picks)
	}
	return repick(c.byPath, f, n)
}

// picksOf returns the picks of each fiber.
func picksOf(picks []pick) map[uint64][]int {
	m := make(map[uint64][]int)
	for _, p := range picks {
		m[p.path] = append(m[p.path], p.chosen)
	}
	return m
}

// repick is what f picked then, or if it has not come so far, what its own numbers
// say.
func repick(picks map[uint64][]int, f *simhook.Fiber, n int) int {
	mine, k := picks[f.Path], f.Data.Picks
	f.Data.Picks++
	drawn := pickOf(f, n)
	if k < len(mine) {
		return min(mine[k], n-1)
	}
	return drawn
}

// stay lets cur go on if it can and does not yield, and else the next one.
func stay(ready []*simhook.Fiber, cur *simhook.Fiber, how simhook.How) *simhook.Fiber {
	if how == simhook.AtPoint || how == simhook.Past {
		return cur
	}
	return after(ready, cur)
}

// departure says where a repetition went another way.
func departure(r, same *run) string {
	if c, ok := same.chooser.(*forced); ok && c.departed != "" {
		return c.departed
	}
	for i := range r.log {
		if i >= len(same.log) {
			return fmt.Sprintf("it ends after step %d, not %d", len(same.log), len(r.log))
		}
		if r.log[i] != same.log[i] {
			return fmt.Sprintf("at step %d another fiber runs", i+1)
		}
	}
	a, b := r.failed(), same.failed()
	switch {
	case b == nil || len(same.log) > len(r.log):
		return fmt.Sprintf("it does not fail by step %d", len(r.log))
	case a.sign() != b.sign():
		return fmt.Sprintf("at step %d it fails otherwise: %v: %s", len(same.log), b.Kind, b.Message)
	}
	return ""
}

// lenient follows a list of fibers, leaving out those that cannot run, and then lets
// whoever runs go on.
type lenient struct {
	log    []uint64
	byPath map[uint64][]int
	at     int
}

func (c *lenient) spawned(*simhook.Fiber)           {}
func (c *lenient) pick(f *simhook.Fiber, n int) int { return repick(c.byPath, f, n) }

func (c *lenient) next(ready []*simhook.Fiber, cur *simhook.Fiber, how simhook.How) *simhook.Fiber {
	for c.at < len(c.log) {
		path := c.log[c.at]
		c.at++
		for _, f := range ready {
			if f.Path == path {
				return f
			}
		}
	}
	return stay(ready, cur, how)
}

// switches counts where a schedule passes from one fiber to another.
func switches(log []uint64) (n int) {
	for i := 1; i < len(log); i++ {
		if log[i] != log[i-1] {
			n++
		}
	}
	return n
}

// A shrinker looks for a shorter schedule that fails in the same way.
type shrinker struct {
	x      *exploration
	seed   uint64
	picks  map[uint64][]int
	sign   string
	best   []uint64
	budget int // runs
	steps  int // in all
}

// shrinkSteps bounds the steps of all runs made to shrink a failure.
const shrinkSteps = 1_000_000

// shrink returns the run of the shortest schedule found, with a trace; nil if none is
// shorter.
func (x *exploration) shrink(r *run, f *Failure) *run {
	s := &shrinker{x: x, seed: r.seed, picks: picksOf(r.picks), sign: f.sign(), best: r.log, budget: x.conf.shrinks, steps: shrinkSteps}
	was := len(s.best) + switches(s.best)
	// The end is worth most: what is done when nobody is passed over any more.
	for n := 1; n < len(s.best); n *= 2 {
		if s.try(s.best[:n]) {
			break
		}
	}
	s.leaveOutFibers()
	s.improve()
	// It may be the best of its kind only: look for another kind.
	for i := range lookAround {
		if s.lookAround(i) {
			s.leaveOutFibers()
			s.improve()
		}
	}
	if len(s.best)+switches(s.best) >= was {
		return nil
	}
	better := x.again(&lenient{log: s.best, byPath: s.picks}, s.seed, true)
	if better == nil || better.failed() == nil {
		return nil
	}
	return better
}

// improve leaves out and gathers until nothing comes of it any more.
func (s *shrinker) improve() {
	for s.budget > 0 {
		before := len(s.best) + switches(s.best)
		s.leaveOut()
		s.gather()
		if len(s.best)+switches(s.best) >= before {
			return
		}
	}
}

// lookAround is how many other schedules are tried, with few preemptions.
const lookAround = 400

// lookAround makes one run by PCT, and keeps it if it fails sooner.
func (s *shrinker) lookAround(i int) bool {
	k := uint64(min(len(s.best), 1<<lengthBits-1))
	c := (&pctExplorer{depth: 2 + i%4}).chooser(mix(s.seed+uint64(i))<<lengthBits | k)
	return s.keep(&repicking{c, s.picks})
}

// repicking chooses as another does, but picks what was picked before.
type repicking struct {
	chooser
	picks map[uint64][]int
}

func (c *repicking) pick(f *simhook.Fiber, n int) int { return repick(c.picks, f, n) }

// leaveOutFibers tries the schedule without what some fiber does, or without what it
// does in the end.
func (s *shrinker) leaveOutFibers() {
	tried := map[uint64]bool{}
	for i := 0; i < len(s.best) && s.budget > 0; i++ {
		path := s.best[i]
		if tried[path] {
			continue
		}
		tried[path] = true
		total := 0
		for _, p := range s.best {
			if p == path {
				total++
			}
		}
		for kept := 0; kept < total; kept = 2*kept + 1 {
			var without []uint64
			n := 0
			for _, p := range s.best {
				if p == path {
					if n++; n > kept {
						continue
					}
				}
				without = append(without, p)
			}
			if s.try(without) {
				break
			}
		}
	}
}

// try runs a schedule, and keeps what it came to if it fails in the same way and is
// shorter.
func (s *shrinker) try(log []uint64) bool { return s.keep(&lenient{log: log, byPath: s.picks}) }

// keep is try for any chooser.
func (s *shrinker) keep(c chooser) bool {
	if s.budget <= 0 || s.steps <= 0 {
		return false
	}
	s.budget--
	r := s.x.again(c, s.seed, false)
	if r == nil {
		s.budget = 0
		return false
	}
	s.steps -= len(r.log)
	f := r.failed()
	if f == nil || f.sign() != s.sign {
		return false
	}
	if n, m := len(r.log), len(s.best); n > m || n == m && switches(r.log) >= switches(s.best) {
		return false
	}
	s.best = r.log
	return true
}

// leaveOut tries the schedule without some part of it (as ddmin: Zeller and
// Hildebrandt 2002), larger parts first.
func (s *shrinker) leaveOut() {
	for size := len(s.best) / 2; size >= 1 && s.budget > 0; size /= 2 {
		for at := 0; at < len(s.best) && s.budget > 0; {
			end := min(at+size, len(s.best))
			without := append(append([]uint64(nil), s.best[:at]...), s.best[end:]...)
			if !s.try(without) {
				at += size
			}
		}
	}
}

// gather tries to let a fiber go on at once with what it does later, so that there
// are fewer switches.
func (s *shrinker) gather() {
	for i := 1; i < len(s.best) && s.budget > 0; i++ {
		b := s.best
		if b[i] == b[i-1] {
			continue
		}
		j := i + 1
		for j < len(b) && b[j] != b[i-1] {
			j++
		}
		if j == len(b) {
			continue
		}
		k := j
		for k < len(b) && b[k] == b[j] {
			k++
		}
		moved := append(append([]uint64(nil), b[:i]...), b[j:k]...)
		moved = append(append(moved, b[i:j]...), b[k:]...)
		s.try(moved)
	}
}
