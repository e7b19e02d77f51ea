package harness

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	got := Render([][]string{
		{"workload", "schedulers", "fibers", "goroutines", "unit", "ratio", "spread", "cpu", "note"},
		{"wake/p50", "2", "12.5", "100", "µs", "0.12", "0.10–0.15", "0.2", ""},
		{"tree", "16", "1", "2", "ms ↑", "–", "–", "–", "said"},
	})
	want := strings.TrimPrefix(`
workload  schedulers  fibers  goroutines  unit  ratio     spread  cpu  note
────────  ──────────  ──────  ──────────  ────  ─────  ─────────  ───  ────
wake/p50           2    12.5         100  µs     0.12  0.10–0.15  0.2
tree              16       1           2  ms ↑      –          –    –  said
`, "\n")
	if got != want {
		t.Errorf("got\n%s\nmust be\n%s", got, want)
	}
}

func TestFigures(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 1234.5: "1234", 12.345: "12.3", 1.2345: "1.23", 0.123: "0.12", math.Inf(1): "+Inf"} {
		if got := Figure(x); got != want {
			t.Errorf("figure(%v) = %q, must be %q", x, got, want)
		}
	}
	for x, want := range map[float64]string{0.0123: "0.012", 0.5: "0.50", 12.34: "12.3"} {
		if got := ratioText(x); got != want {
			t.Errorf("ratioText(%v) = %q, must be %q", x, got, want)
		}
	}
	if Figure(math.NaN()) != "–" || ratioText(math.NaN()) != "–" {
		t.Error("what is not known is not a dash")
	}
}

func TestSkippedRowsSayWhy(t *testing.T) {
	w := &Workload{Suite: "s", Rows: []Row{{Name: "r", Unit: "ms"}}}
	lines := blockLines(&Block{workload: w, rows: []int{0}, results: []*Result{{Schedulers: 2, skipped: "no room"}}})
	var table, text bytes.Buffer
	PrintTable(&table, Environment{}, lines, false)
	if !strings.Contains(table.String(), "skipped: no room") {
		t.Errorf("table:\n%s", table.String())
	}
	PrintJSON(&text, Environment{}, lines, true)
	var doc Document
	if err := json.Unmarshal(text.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Rows) != 1 || doc.Rows[0].Skipped != "no room" || doc.Rows[0].Ratio.Median != nil || !doc.Interrupted {
		t.Errorf("JSON: %+v", doc)
	}
}
