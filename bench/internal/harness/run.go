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

	rounds int           // that it has had; of those apart nobody counts
	spent  time.Duration // on them
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
	planned time.Duration // the budgets of the blocks that have begun

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

// round runs both sides of all results of b once.
func (r *Runner) round(ctx context.Context, b *Block) error {
	w := b.workload
	began := time.Now()
	for _, res := range b.results {
		p := pair{first: Side(b.rounds % 2)}
		for i := range Sides {
			s := (p.first + i) % Sides
			r.progress.show(b, res, b.rounds, s)
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
	b.rounds++
	b.spent += time.Since(began)
	return nil
}

// sample runs one side once, on as many processors as schedulers, from a clean
// heap.
func (r *Runner) sample(ctx context.Context, w *Workload, s Side, schedulers int) (Sample, error) {
	before := goruntime.GOMAXPROCS(schedulers)
	defer goruntime.GOMAXPROCS(before)
	goruntime.GC()
	return w.Sides[s](ctx, Params{Scale: r.scale, Schedulers: schedulers})
}

// apartAtOnce is how many rounds of the workloads apart run at once.
const apartAtOnce = fewRounds

// runApart runs the workloads that mostly wait, all at once, and several rounds: each side is a
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
	rounds := r.rounds
	if rounds == 0 {
		rounds = apartAtOnce
	}
	for rounds > 0 {
		now := min(rounds, apartAtOnce)
		r.progress.say("processes that mostly wait, all at once")
		if err := r.apartRounds(ctx, apart, now); err != nil {
			return err
		}
		rounds -= now
	}
	for _, b := range apart {
		r.finished(b, began)
	}
	return nil
}

func (r *Runner) apartRounds(ctx context.Context, apart []*Block, rounds int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, b := range apart {
		for _, res := range b.results {
			for range rounds {
				all.Go(func() {
					if p := r.apartRound(ctx, cancel, b.workload, res.Schedulers); ctx.Err() == nil {
						r.add(res, p)
					}
				})
			}
		}
	}
	all.Wait()
	return context.Cause(ctx)
}

// apartRound runs both sides of a workload apart at once. It cancels with the error, if there is one.
func (r *Runner) apartRound(ctx context.Context, cancel func(error), w *Workload, schedulers int) (p pair) {
	var both sync.WaitGroup
	for s := range Sides {
		both.Go(func() {
			var err error
			if p.Samples[s], err = w.Sides[s](ctx, Params{Scale: r.scale, Schedulers: schedulers}); err != nil {
				cancel(fmt.Errorf("%s on %s: %w", w.Rows[0].Name, s, err))
			}
		})
	}
	both.Wait()
	return p
}

// lateness is how late a run must be to leave out what is optional.
const lateness = 15 * time.Second

// skip notes if b cannot run here.
func (r *Runner) skip(ctx context.Context, b *Block) bool {
	why := ""
	if b.workload.Optional && r.rounds == 0 && time.Since(r.began)-r.planned > lateness {
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
