package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
)

// The document of -json. A number that is not known is null or left out.
type document struct {
	Environment environment `json:"environment"`
	Interrupted bool        `json:"interrupted"`
	Rows        []jsonRow   `json:"rows"`
}

type jsonRow struct {
	Suite      string       `json:"suite"`
	Workload   string       `json:"workload"`
	Schedulers int          `json:"schedulers"`
	Unit       string       `json:"unit"`
	Better     string       `json:"better"` // "less" or "more"
	Fibers     jsonSide     `json:"fibers"`
	Goroutines jsonSide     `json:"goroutines"`
	Ratio      jsonSpread   `json:"ratio"`
	CPURatio   *float64     `json:"cpu_ratio"`
	Note       string       `json:"note,omitempty"`
	Skipped    string       `json:"skipped,omitempty"`
	Samples    []jsonSample `json:"samples"`
}

type jsonSide struct {
	jsonSpread
	Allocs  *float64 `json:"allocs_per_op,omitempty"`
	Speedup *float64 `json:"speedup,omitempty"` // over one scheduler
}

type jsonSpread struct {
	Median *float64 `json:"median"`
	Low    *float64 `json:"quartile1"`
	High   *float64 `json:"quartile3"`
	Min    *float64 `json:"min"`
	Max    *float64 `json:"max"`
}

type jsonSample struct {
	Round      int     `json:"round"`
	First      string  `json:"first"` // who ran first
	Fibers     jsonRun `json:"fibers"`
	Goroutines jsonRun `json:"goroutines"`
}

type jsonRun struct {
	Value  *float64           `json:"value"`
	CPU    float64            `json:"cpu_ms,omitempty"`
	Wall   float64            `json:"wall_ms,omitempty"`
	Shares []float64          `json:"shares,omitempty"`
	Extra  map[string]float64 `json:"extra,omitempty"`
}

func newDocument(env environment, lines []line, interrupted bool) *document {
	doc := &document{Environment: env, Interrupted: interrupted, Rows: []jsonRow{}}
	for _, l := range lines {
		doc.Rows = append(doc.Rows, l.json())
	}
	return doc
}

func printJSON(out io.Writer, env environment, lines []line, interrupted bool) {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.Encode(newDocument(env, lines, interrupted))
}

// readDocument reads what -json has printed.
func readDocument(file string) (*document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc := &document{}
	if err := json.Unmarshal(text, doc); err != nil {
		return nil, fmt.Errorf("%s is not what -json prints: %w", file, err)
	}
	if doc.Environment.Go == "" || len(doc.Rows) == 0 {
		return nil, fmt.Errorf("%s is not what -json prints, or has no rows", file)
	}
	return doc, nil
}

func (l line) json() jsonRow {
	j := jsonRow{
		Suite: l.workload.suite, Workload: l.row.name, Schedulers: l.schedulers, Unit: l.row.unit, Better: "less",
		Fibers: l.jsonSide(onFibers), Goroutines: l.jsonSide(onGoroutines),
		Ratio: l.ratio.json(), CPURatio: known(l.cpu), Note: l.note, Skipped: l.skipped, Samples: []jsonSample{},
	}
	if l.row.more {
		j.Better = "more"
	}
	for i, p := range l.pairs {
		j.Samples = append(j.Samples, jsonSample{
			Round: i + 1, First: p.first.String(),
			Fibers: p.samples[onFibers].json(l.index), Goroutines: p.samples[onGoroutines].json(l.index),
		})
	}
	return j
}

func (l line) jsonSide(s side) jsonSide {
	j := jsonSide{jsonSpread: l.values[s].json(), Speedup: known(l.speedups[s])}
	if len(l.pairs) > 0 && l.pairs[0].samples[s].ops > 0 {
		j.Allocs = known(l.allocs[s])
	}
	return j
}

func (s spread) json() jsonSpread {
	return jsonSpread{known(s.median), known(s.low), known(s.high), known(s.min), known(s.max)}
}

func (s sample) json(index int) jsonRun {
	return jsonRun{
		Value: known(s.values[index]),
		CPU:   float64(s.cost.cpu) / 1e6, Wall: float64(s.cost.wall) / 1e6,
		Shares: s.shares, Extra: s.extra,
	}
}

// known returns x for JSON, which has no word for what is not a number.
func known(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
