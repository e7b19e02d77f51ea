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

// A row whose figures and ratio seem to contradict each other says why; others say nothing.
func TestFiguresThatContradictTheRatio(t *testing.T) {
	for _, c := range []struct {
		more bool
		vs   [][2]float64
		says string
	}{
		{false, [][2]float64{{10, 20}, {40, 80}, {100, 20}}, "the two figures is 2.00"}, // medians 40 and 20, ratios ½, ½, 5
		{true, [][2]float64{{10, 20}, {40, 80}, {100, 20}}, "the two figures is 0.50"},
		{false, [][2]float64{{10, 20}, {10, 20}, {10, 20}}, ""},
		{false, [][2]float64{{10, 10}, {10, 10}, {10, 10}}, ""},
	} {
		w := &Workload{Suite: "s", Rows: []Row{{Name: "r", Unit: "ms", More: c.more}}}
		note := blockLines(&Block{workload: w, rows: []int{0}, results: []*Result{{Schedulers: 1, Pairs: rounds(c.vs...)}}})[0].note
		if (c.says == "") != (note == "") || !strings.Contains(note, c.says) {
			t.Errorf("%v: %q, must say %q", c.vs, note, c.says)
		}
	}
}

// What is below the table is no wider than a terminal.
func TestLegendFits80Columns(t *testing.T) {
	for _, wide := range []bool{false, true} {
		var table bytes.Buffer
		PrintTable(&table, Environment{}, nil, wide)
		for l := range strings.Lines(table.String()) {
			if n := len([]rune(strings.TrimSuffix(l, "\n"))); n > 80 {
				t.Errorf("a line of %d columns: %s", n, l)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	text := strings.Repeat("größer, ", 30)
	got := wrap(text)
	for l := range strings.Lines(got) {
		if n := len([]rune(strings.TrimSuffix(l, "\n"))); n > 80 {
			t.Errorf("a line of %d columns: %s", n, l)
		}
	}
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(text), " ") {
		t.Errorf("words are missing in\n%s", got)
	}
}
