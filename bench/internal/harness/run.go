package harness

import (
	"context"
	"fmt"
	"io"
	goruntime "runtime"
	"sync"
	"time"
)

// A Block is a workload with the rows and numbers of schedulers chosen.
type Block struct {
	workload *Workload
	rows     []int // indices of workload.rows
	results  []*Result
}

// Result is what a workload gave with one number of schedulers.
type Result struct {
	Schedulers int
	Pairs      []pair // Under Runner.mu.
	skipped    string // why there is none. Under Runner.mu.
}

// A pair is one round: both sides, one right after the other.
type pair struct {
	first   Side
	Samples [Sides]Sample
}

// Runner runs blocks. In each round of a block, every number of schedulers has
// its turn, and in it both sides, in an order that changes from round to round:
// so what slows the machine down for a while hits both, and neither always has
// the caches as the other left them.
type Runner struct {
	scale    Scale
	rounds   int // 0: as many as fit
	blocks   []*Block
	progress *progress

	began   time.Time
	planned time.Duration // the budgets of the blocks so far

	mu struct {
		sync.Mutex
		// what is done so far: pairs and skipped of all results
	}
}

// NewRunner returns a Runner that tells of its progress on out. With rounds of 0 each block
// has as many as fit.
func NewRunner(sc Scale, rounds int, blocks []*Block, out io.Writer) *Runner {
	return &Runner{scale: sc, rounds: rounds, blocks: blocks, progress: newProgress(out, blocks)}
}

// Done returns the table of what is done so far, and has the progress end: the table has the
// screen now.
func (r *Runner) Done() []Line {
	r.progress.clear()
	return r.lines()
}

// Run runs all blocks, until one fails or ctx is done.
func (r *Runner) Run(ctx context.Context) error {
	r.began = time.Now()
	for _, b := range r.blocks {
		if b.workload.Apart {
			continue
		}
		if err := r.runBlock(ctx, b); err != nil {
			return err
		}
	}
	return r.runApart(ctx)
}

func (r *Runner) runBlock(ctx context.Context, b *Block) error {
	w := b.workload
	began := time.Now()
	if r.skip(ctx, b) {
		return nil
	}
	r.planned += w.Budget
	for round := 0; ; round++ {
		lap := time.Now()
		for _, res := range b.results {
			p := pair{first: Side(round % 2)}
			for i := range Sides {
				s := (p.first + i) % Sides
				r.progress.show(b, res, round, s)
				var err error
				if p.Samples[s], err = r.sample(ctx, w, s, res.Schedulers); err != nil {
					return fmt.Errorf("%s on %s with %d schedulers: %w", w.Rows[0].Name, s, res.Schedulers, err)
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
func (r *Runner) enough(w *Workload, rounds int, spent, lap time.Duration) bool {
	if r.rounds > 0 {
		return rounds >= r.rounds
	}
	return spent+lap/2 > w.Budget && (rounds >= w.Rounds || r.late() > 0)
}

// late is how far the run is behind its time, beyond what is usual: others use
// the machine. Then a single round of each row must do.
func (r *Runner) late() time.Duration {
	return time.Since(r.began) - r.planned - r.planned/5 - time.Second
}

// sample runs one side once, on as many processors as schedulers, from a clean
// heap.
func (r *Runner) sample(ctx context.Context, w *Workload, s Side, schedulers int) (Sample, error) {
	before := goruntime.GOMAXPROCS(schedulers)
	defer goruntime.GOMAXPROCS(before)
	goruntime.GC()
	return w.Sides[s](ctx, Params{Scale: r.scale, Schedulers: schedulers})
}

// runApart runs the workloads that mostly wait, all at once: each side is a
// process of its own, and hardly needs a processor.
func (r *Runner) runApart(ctx context.Context) error {
	var apart []*Block
	for _, b := range r.blocks {
		if b.workload.Apart && !r.skip(ctx, b) {
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

func (r *Runner) apartRound(ctx context.Context, apart []*Block) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, b := range apart {
		for _, res := range b.results {
			var p pair
			var both sync.WaitGroup
			for s := range Sides {
				both.Go(func() {
					var err error
					if p.Samples[s], err = b.workload.Sides[s](ctx, Params{Scale: r.scale, Schedulers: res.Schedulers}); err != nil {
						cancel(fmt.Errorf("%s on %s: %w", b.workload.Rows[0].Name, s, err))
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
func (r *Runner) skip(ctx context.Context, b *Block) bool {
	why := ""
	if b.workload.Optional && r.rounds == 0 && r.late() > lateness {
		why = "the run is late, as others use the machine: ask for this row alone"
	} else if b.workload.Skip != nil {
		why = b.workload.Skip(ctx)
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

func (r *Runner) add(res *Result, p pair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	res.Pairs = append(res.Pairs, p)
}

// finished tells of the rows of b, which began then.
func (r *Runner) finished(b *Block, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.finished(blockLines(b), time.Since(began))
}

// lines returns the table of what is done so far.
func (r *Runner) lines() []Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Line
	for _, b := range r.blocks {
		all = append(all, blockLines(b)...)
	}
	return all
}
