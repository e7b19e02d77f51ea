package harness

import (
	"context"
	"math"
	"time"
)

// Which rows have how many rounds, if that was not said.
//
// First each block has one, or as many up to fewRounds as its own share of the time has room
// for. What is left of the time goes to those that have fewer, the cheapest first, and then to
// those whose ratios are known least for what another round of them takes. So a machine that
// others keep busy costs rounds of the rows that take long, not of all. What runs last has its
// time kept for it.

// goal returns how long the run is to take, and how long if that serves rows to have fewRounds.
func (r *Runner) goal() (goal, limit time.Duration) {
	apart := time.Duration(0)
	for _, b := range r.blocks {
		if b.workload.Apart {
			apart = max(apart, b.workload.Budget)
		} else {
			goal += b.workload.Budget
		}
	}
	goal += apart
	return goal, goal + max(goal/8, 5*time.Second)
}

// Run runs all blocks, until one fails or ctx is done.
func (r *Runner) Run(ctx context.Context) error {
	r.began = time.Now()
	var usual, last []*Block
	kept := time.Duration(0) // for last
	for _, b := range r.blocks {
		switch {
		case b.workload.Apart:
		case b.workload.Last:
			last = append(last, b)
			kept += b.workload.Budget
		default:
			usual = append(usual, b)
		}
	}
	goal, limit := r.goal()
	if err := r.first(ctx, &usual); err != nil {
		return err
	}
	if err := r.runApart(ctx); err != nil {
		return err
	}
	if r.rounds == 0 {
		r.progress.tell("more rounds, until a run of %v is over", goal)
	}
	if err := r.more(ctx, usual, few, limit-kept); err != nil {
		return err
	}
	if err := r.more(ctx, usual, uncertain, goal-kept); err != nil {
		return err
	}
	if err := r.first(ctx, &last); err != nil {
		return err
	}
	return r.more(ctx, last, few, limit)
}

// first runs the first rounds of each block, or all if it was said how many, and drops those
// that cannot run.
func (r *Runner) first(ctx context.Context, blocks *[]*Block) error {
	var run []*Block
	for _, b := range *blocks {
		began := time.Now()
		if r.skip(ctx, b) {
			continue
		}
		r.planned += b.workload.Budget
		for {
			if err := r.round(ctx, b); err != nil {
				return err
			}
			if r.rounds > 0 && b.rounds >= r.rounds || r.rounds == 0 && (b.rounds >= fewRounds || b.spent+b.lap() > b.workload.Budget) {
				break
			}
		}
		r.finished(b, began)
		run = append(run, b)
	}
	*blocks = run
	return nil
}

// more runs further rounds, each of the block that wants one most, while they fit in what is
// left until the run is as old as limit.
func (r *Runner) more(ctx context.Context, blocks []*Block, want func(b *Block) float64, limit time.Duration) error {
	if r.rounds > 0 {
		return nil
	}
	for {
		left := limit - time.Since(r.began)
		var next *Block
		most := 0.0
		for _, b := range blocks {
			if x := want(b); x > most && b.lap() <= left {
				next, most = b, x
			}
		}
		if next == nil {
			return nil
		}
		if err := r.round(ctx, next); err != nil {
			return err
		}
	}
}

// lap is how long a round of b takes.
func (b *Block) lap() time.Duration { return b.spent / time.Duration(b.rounds) }

// few wants rounds for blocks that have few, the more the cheaper they are.
func few(b *Block) float64 {
	if b.rounds >= fewRounds {
		return 0
	}
	return 1 / max(b.lap().Seconds(), 1e-6)
}

// mostRounds keeps a row that nothing makes certain from taking all the time.
const mostRounds = 15

// uncertain wants rounds for blocks by what another one would do for the spread of the median
// of their ratios, divided by its time. That spread is about as wide as the quartiles are
// apart, over the root of the rounds.
func uncertain(b *Block) float64 {
	if b.rounds >= mostRounds {
		return 0
	}
	width, n := 0.0, 0
	for _, l := range blockLines(b) {
		if x := math.Log(l.ratio.high / l.ratio.low); !math.IsNaN(x) && !math.IsInf(x, 0) {
			width += x
			n++
		}
	}
	rounds := float64(b.rounds)
	return width / float64(max(n, 1)) / (rounds * math.Sqrt(rounds)) / max(b.lap().Seconds(), 1e-6)
}
