package harness

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// block returns a block that has had its first round, which took lap, and notes further ones.
func block(name string, lap time.Duration, ran *[]string, ratios ...[2]float64) *Block {
	w := &Workload{Suite: "s", Rows: []Row{{Name: name, Unit: "ms"}}}
	for s := range Sides {
		w.Sides[s] = func(context.Context, Params) (Sample, error) {
			if s == OnFibers {
				*ran = append(*ran, name)
			}
			return Sample{Values: []float64{1}}, nil
		}
	}
	n := max(1, len(ratios))
	return &Block{
		workload: w, rows: []int{0}, results: []*Result{{Schedulers: 1, Pairs: rounds(ratios...)}},
		rounds: n, spent: time.Duration(n) * lap,
	}
}

func more(t *testing.T, blocks []*Block, want func(*Block) float64, limit time.Duration) {
	t.Helper()
	r := &Runner{blocks: blocks, progress: newProgress(io.Discard, blocks), began: time.Now()}
	if err := r.more(t.Context(), blocks, want, limit); err != nil {
		t.Fatal(err)
	}
}

// Rounds come first where they are cheap, and not where they do not fit.
func TestFewRounds(t *testing.T) {
	var ran []string
	blocks := []*Block{
		block("slow", 10*time.Minute, &ran), block("dear", 48*time.Hour, &ran), block("cheap", time.Minute, &ran),
	}
	more(t, blocks, few, time.Hour)
	if got := strings.Join(ran, " "); got != "cheap cheap slow slow" {
		t.Errorf("rounds of %q", got)
	}
}

// What is known well enough has no more rounds before what is not, if they cost the same.
func TestUncertainRounds(t *testing.T) {
	var ran []string
	sure := [][2]float64{{10, 20}, {10, 20}, {10, 20}}
	wide := [][2]float64{{10, 20}, {40, 20}, {80, 20}}
	blocks := []*Block{
		block("sure", time.Minute, &ran, sure...), block("wide", time.Minute, &ran, wide...), block("wide and dear", 48*time.Hour, &ran, wide...),
	}
	if a, b := uncertain(blocks[0]), uncertain(blocks[1]); a != 0 || b <= 0 {
		t.Errorf("what is sure wants rounds by %v, what is not by %v", a, b)
	}
	more(t, blocks, uncertain, time.Hour)
	if len(ran) == 0 || len(ran) > mostRounds || slices.ContainsFunc(ran, func(s string) bool { return s != "wide" }) {
		t.Errorf("rounds of %q", ran)
	}
}

// Where the time is over after the first pass, rows whose own share has room for more than one
// round have had them there.
func TestFirstRoundsFitTheShare(t *testing.T) {
	var ran []string
	blocks := []*Block{block("cheap", 0, &ran), block("dear", 0, &ran)}
	for _, b := range blocks {
		b.rounds = 0
	}
	blocks[0].workload.Budget = time.Hour
	r := &Runner{blocks: blocks, progress: newProgress(io.Discard, blocks)}
	if err := r.first(t.Context(), &blocks); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ran, " "); got != "cheap cheap cheap dear" {
		t.Errorf("rounds of %q", got)
	}
}

// A run takes each row once, brings all to fewRounds, and keeps what comes last for the end.
func TestRunOrders(t *testing.T) {
	var ran []string
	blocks := []*Block{block("last", 0, &ran), block("a", 0, &ran), block("b", 0, &ran)}
	for _, b := range blocks {
		b.rounds, b.workload.Last = 0, b == blocks[0]
	}
	r := &Runner{blocks: blocks, progress: newProgress(io.Discard, blocks)}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(ran) != 9 || ran[0] != "a" || ran[1] != "b" || slices.Index(ran, "last") != 6 {
		t.Errorf("rounds of %q", ran)
	}
	for i, b := range blocks {
		if n := len(b.results[0].Pairs); n != fewRounds {
			t.Errorf("block %d has %d rounds", i, n)
		}
	}
}

// The time of a run is that of its rows; those apart run side by side.
func TestGoal(t *testing.T) {
	r := &Runner{blocks: []*Block{
		{workload: &Workload{Budget: 40 * time.Second}}, {workload: &Workload{Budget: 20 * time.Second}},
		{workload: &Workload{Apart: true, Budget: 20 * time.Second}}, {workload: &Workload{Apart: true, Budget: 10 * time.Second}},
	}}
	if goal, limit := r.goal(); goal != 80*time.Second || limit != 90*time.Second {
		t.Errorf("goal %v, limit %v", goal, limit)
	}
}
