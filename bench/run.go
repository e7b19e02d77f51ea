package main

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"time"
)

// A block is a workload with the rows and numbers of schedulers chosen.
type block struct {
	workload *workload
	rows     []int // indices of workload.rows
	results  []*result
}

// result is what a workload gave with one number of schedulers.
type result struct {
	schedulers int
	pairs      []pair // Under runner.mu.
	skipped    string // why there is none. Under runner.mu.
}

// A pair is one round: both sides, one right after the other.
type pair struct {
	first   side
	samples [sides]sample
}

// runner runs blocks. In each round of a block, every number of schedulers has
// its turn, and in it both sides, in an order that changes from round to round:
// so what slows the machine down for a while hits both, and neither always has
// the caches as the other left them.
type runner struct {
	scale    scale
	rounds   int // 0: as many as fit
	blocks   []*block
	progress *progress

	began   time.Time
	planned time.Duration // the budgets of the blocks so far

	mu struct {
		sync.Mutex
		// what is done so far: pairs and skipped of all results
	}
}

// run runs all blocks, until one fails or ctx is done.
func (r *runner) run(ctx context.Context) error {
	r.began = time.Now()
	for _, b := range r.blocks {
		if b.workload.apart {
			continue
		}
		if err := r.runBlock(ctx, b); err != nil {
			return err
		}
	}
	return r.runApart(ctx)
}

func (r *runner) runBlock(ctx context.Context, b *block) error {
	w := b.workload
	began := time.Now()
	if r.skip(ctx, b) {
		return nil
	}
	r.planned += w.budget
	for round := 0; ; round++ {
		lap := time.Now()
		for _, res := range b.results {
			p := pair{first: side(round % 2)}
			for i := range sides {
				s := (p.first + i) % sides
				r.progress.show(b, res, round, s)
				var err error
				if p.samples[s], err = r.sample(ctx, w, s, res.schedulers); err != nil {
					return fmt.Errorf("%s on %s with %d schedulers: %w", w.rows[0].name, s, res.schedulers, err)
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			r.add(res, p)
		}
		if r.enough(w, round+1, time.Since(began), time.Since(lap)) {
			break
		}
	}
	r.finished(b, began)
	return nil
}

// enough reports whether a block has had its rounds, the last of which took lap.
func (r *runner) enough(w *workload, rounds int, spent, lap time.Duration) bool {
	if r.rounds > 0 {
		return rounds >= r.rounds
	}
	return spent+lap/2 > w.budget && (rounds >= w.rounds || r.late() > 0)
}

// late is how far the run is behind its time, beyond what is usual: others use
// the machine. Then a single round of each row must do.
func (r *runner) late() time.Duration {
	return time.Since(r.began) - r.planned - r.planned/5 - time.Second
}

// sample runs one side once, on as many processors as schedulers, from a clean
// heap.
func (r *runner) sample(ctx context.Context, w *workload, s side, schedulers int) (sample, error) {
	before := goruntime.GOMAXPROCS(schedulers)
	defer goruntime.GOMAXPROCS(before)
	goruntime.GC()
	return w.sides[s](ctx, params{scale: r.scale, schedulers: schedulers})
}

// runApart runs the workloads that mostly wait, all at once: each side is a
// process of its own, and hardly needs a processor.
func (r *runner) runApart(ctx context.Context) error {
	var apart []*block
	for _, b := range r.blocks {
		if b.workload.apart && !r.skip(ctx, b) {
			apart = append(apart, b)
		}
	}
	if len(apart) == 0 {
		return nil
	}
	began := time.Now()
	for range max(1, r.rounds) {
		r.progress.say("processes that mostly wait, all at once")
		if err := r.apartRound(ctx, apart); err != nil {
			return err
		}
	}
	for _, b := range apart {
		r.finished(b, began)
	}
	return nil
}

func (r *runner) apartRound(ctx context.Context, apart []*block) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, b := range apart {
		for _, res := range b.results {
			var p pair
			var both sync.WaitGroup
			for s := range sides {
				both.Go(func() {
					var err error
					if p.samples[s], err = b.workload.sides[s](ctx, params{scale: r.scale, schedulers: res.schedulers}); err != nil {
						cancel(fmt.Errorf("%s on %s: %w", b.workload.rows[0].name, s, err))
					}
				})
			}
			all.Go(func() {
				both.Wait()
				if ctx.Err() == nil {
					r.add(res, p)
				}
			})
		}
	}
	all.Wait()
	return context.Cause(ctx)
}

// lateness is how late a run must be to leave out what is optional.
const lateness = 15 * time.Second

// skip notes if b cannot run here.
func (r *runner) skip(ctx context.Context, b *block) bool {
	why := ""
	if b.workload.optional && r.rounds == 0 && r.late() > lateness {
		why = "the run is late, as others use the machine: ask for this row alone"
	} else if b.workload.skip != nil {
		why = b.workload.skip(ctx)
	}
	if why == "" {
		return false
	}
	r.mu.Lock()
	for _, res := range b.results {
		res.skipped = why
	}
	r.mu.Unlock()
	r.finished(b, time.Now())
	return true
}

func (r *runner) add(res *result, p pair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	res.pairs = append(res.pairs, p)
}

// finished tells of the rows of b, which began then.
func (r *runner) finished(b *block, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.finished(blockLines(b), time.Since(began))
}

// lines returns the table of what is done so far.
func (r *runner) lines() []line {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []line
	for _, b := range r.blocks {
		all = append(all, blockLines(b)...)
	}
	return all
}
