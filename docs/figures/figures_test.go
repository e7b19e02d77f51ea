package main

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The figure in the tree is what the run in the tree gives, and is well-formed.
func TestFigureIsOfTheRun(t *testing.T) {
	r, err := read("run.json")
	if err != nil {
		t.Fatal(err)
	}
	want, err := draw(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("ratios.svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("ratios.svg is not what run.json gives: go run ./docs/figures")
	}
	for d := xml.NewDecoder(bytes.NewReader(got)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, what := range []string{r.Date, r.Environment.Go, r.Environment.CPU, "prefers-color-scheme: dark"} {
		if !bytes.Contains(got, []byte(what)) {
			t.Errorf("the figure does not have %q", what)
		}
	}
}

const printed = `{"environment": {"go": "go1.26.0", "system": "linux/amd64", "cpus": 2, "switch": "direct", "load": 0.5, "schedulers": [1, 2]}, "interrupted": false, "rows": [
 {"suite": "switch", "workload": "yield/2", "schedulers": 1, "unit": "ns/op", "better": "less", "fibers": {"median": 50, "min": 1}, "goroutines": {"median": 100},
  "ratio": {"median": 0.5, "quartile1": 0.4, "quartile3": 0.6}, "cpu_ratio": 0.5, "samples": [{"round": 1}, {"round": 2}, {"round": 3}]},
 {"suite": "net", "workload": "echo", "schedulers": 1, "skipped": "late", "fibers": {"median": null}, "samples": []}]}`

func TestKeep(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bench.json")
	from := func(text string) (*run, error) {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return fromBench(file)
	}
	r, err := from(printed)
	if err != nil {
		t.Fatal(err)
	}
	want := row{"switch", "yield/2", 1, "ns/op", "less", figure{Median: 50}, figure{Median: 100}, spread{0.5, 0.4, 0.6}, 0.5, 3}
	if len(r.Rows) != 1 || r.Rows[0] != want {
		t.Errorf("got %+v", r.Rows)
	}
	kept := filepath.Join(dir, "run.json")
	if err := os.WriteFile(kept, r.text(), 0o666); err != nil {
		t.Fatal(err)
	}
	if again, err := read(kept); err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("read again: %+v, %v; it was %+v", again, err, r)
	}
	if _, err := draw(r); err == nil || !strings.Contains(err.Error(), "no row yield/100") {
		t.Errorf("a figure of a run without rows: %v", err)
	}
	for name, text := range map[string]string{
		"interrupted":    strings.Replace(printed, `"interrupted": false`, `"interrupted": true`, 1),
		"quick":          strings.Replace(printed, `"cpus": 2`, `"cpus": 2, "quick": true`, 1),
		"something else": "workload n fibers",
	} {
		if _, err := from(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		rounds    int
		want      string
	}{{0.5, 0.9, 3, "wins"}, {0.5, 0.9, 2, "even"}, {0.9, 1.1, 9, "even"}, {1.1, 1.2, 3, "loses"}, {0.9, 1, 3, "even"}} {
		if got := (&row{Ratio: spread{1, c.low, c.high}, Rounds: c.rounds}).verdict(); got != c.want {
			t.Errorf("quartiles %g to %g, %d rounds: %s, not %s", c.low, c.high, c.rounds, got, c.want)
		}
	}
}

// What is found is the row with the most schedulers.
func TestFind(t *testing.T) {
	r := &run{Rows: []row{{Workload: "a", Schedulers: 1}, {Workload: "a", Schedulers: 4}, {Workload: "a", Schedulers: 2}, {Workload: "b", Schedulers: 8}}}
	if x := r.find("a"); x == nil || x.Schedulers != 4 {
		t.Errorf("found %+v", x)
	}
	if x := r.find("c"); x != nil {
		t.Errorf("found %+v", x)
	}
}

var quoted = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\S+) \\| (\\S+) \\|")

// The ratios in docs/performance.md are those of the run.
func TestPerformanceQuotesTheRun(t *testing.T) {
	r, err := read("run.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.FromSlash("../performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	ratios, score := make(map[string]string), map[string]int{}
	for _, x := range r.Rows {
		ratios[fmt.Sprint(x.Workload, " ", x.Schedulers)] = short(x.Ratio.Median)
		score[x.verdict()]++
	}
	rows := quoted.FindAllStringSubmatch(string(text), -1)
	if len(rows) < 20 {
		t.Fatalf("only %d rows: is the form of the tables another one?", len(rows))
	}
	for _, q := range rows {
		for n := 1; n <= 2; n++ {
			if want := cmp.Or(ratios[fmt.Sprint(q[1], " ", n)], "–"); q[1+n] != want {
				t.Errorf("performance.md has %s for %s on %d schedulers, the run %s", q[1+n], q[1], n, want)
			}
		}
	}
	total := fmt.Sprintf("Of %d rows fibers win %d and lose %d; %d are undecided", len(r.Rows), score["wins"], score["loses"], score["even"])
	if !strings.Contains(string(text), total) {
		t.Errorf("performance.md does not say: %s", total)
	}
}
