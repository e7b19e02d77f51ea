package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// TestWorkloads runs every workload on both sides; they verify their answers.
func TestWorkloads(t *testing.T) {
	for _, w := range registry(harness.Tiny) {
		for _, n := range []int{1, 2} {
			if n < w.Least {
				continue
			}
			for s := range harness.Sides {
				t.Run(fmt.Sprintf("%s/schedulers=%d/%s", w.Rows[0].Name, n, s), func(t *testing.T) {
					got, err := w.Sides[s](t.Context(), harness.Params{Scale: harness.Tiny, Schedulers: n})
					if err != nil {
						t.Fatal(err)
					}
					if len(got.Values) != len(w.Rows) {
						t.Errorf("%d values for %d rows", len(got.Values), len(w.Rows))
					}
				})
			}
		}
	}
}

// A table is no wider than a terminal.
func TestTableFits80Columns(t *testing.T) {
	for _, w := range registry(harness.Full) {
		for _, r := range w.Rows {
			cells := [][]string{
				{"workload", "n", "fibers", "goroutines", "unit", "ratio", "spread", "rounds"},
				{r.Name, "16", "123456", "1234567", r.Unit + " ↑", "12.34", "0.123–12.3", "12"},
			}
			if got := len([]rune(strings.Split(harness.Render(cells), "\n")[2])); got > 80 {
				t.Errorf("%s takes %d columns", r.Name, got)
			}
		}
	}
}
