package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// fake is a workload that notes its runs.
func fake(runs *[]string, fail string) *Workload {
	w := &Workload{Suite: "s", Rows: []Row{{Name: "fake", Unit: "ms"}}}
	for s := range Sides {
		w.Sides[s] = func(_ context.Context, p Params) (Sample, error) {
			name := fmt.Sprintf("%c%d", s.String()[0], p.Schedulers)
			*runs = append(*runs, name)
			if name == fail {
				return Sample{}, Verify("the sum", 1, 2)
			}
			return Sample{Values: []float64{1}}, nil
		}
	}
	return w
}

func runnerOf(w *Workload) *Runner {
	b := &Block{workload: w, rows: []int{0}, results: []*Result{{Schedulers: 1}, {Schedulers: 2}}}
	return &Runner{scale: Tiny, rounds: 2, blocks: []*Block{b}, progress: newProgress(io.Discard, []*Block{b})}
}

func TestSidesTakeTurns(t *testing.T) {
	var runs []string
	r := runnerOf(fake(&runs, ""))
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(runs, " "), "f1 g1 f2 g2 g1 f1 g2 f2"; got != want {
		t.Errorf("order %q, must be %q", got, want)
	}
	if n := len(r.lines()); n != 2 {
		t.Errorf("%d lines, must be 2", n)
	}
}

func TestWrongAnswerIsAnError(t *testing.T) {
	var runs []string
	err := runnerOf(fake(&runs, "g2")).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "wrong answer") || !strings.Contains(err.Error(), "goroutines with 2 schedulers") {
		t.Errorf("error: %v", err)
	}
}

func TestChildErrors(t *testing.T) {
	if _, err := Send(t.Context(), ChildTask{Kind: "nonsense", Schedulers: 1}); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a child task that does not exist: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Send(ctx, ChildTask{Kind: "idle", Schedulers: 1, N: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("a child of a cancelled parent: %v", err)
	}
}
