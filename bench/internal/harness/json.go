package harness

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
)

// The document of -json. A number that is not known is null or left out.
type Document struct {
	Environment Environment `json:"environment"`
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

// NewDocument returns what -json prints.
func NewDocument(env Environment, lines []Line, interrupted bool) *Document {
	doc := &Document{Environment: env, Interrupted: interrupted, Rows: []jsonRow{}}
	for _, l := range lines {
		doc.Rows = append(doc.Rows, l.json())
	}
	return doc
}

// PrintJSON prints a document.
func PrintJSON(out io.Writer, env Environment, lines []Line, interrupted bool) {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.Encode(NewDocument(env, lines, interrupted))
}

// ReadDocument reads what -json has printed.
func ReadDocument(file string) (*Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc := &Document{}
	if err := json.Unmarshal(text, doc); err != nil {
		return nil, fmt.Errorf("%s is not what -json prints: %w", file, err)
	}
	if doc.Environment.Go == "" || len(doc.Rows) == 0 {
		return nil, fmt.Errorf("%s is not what -json prints, or has no rows", file)
	}
	return doc, nil
}

func (l Line) json() jsonRow {
	j := jsonRow{
		Suite: l.workload.Suite, Workload: l.row.Name, Schedulers: l.schedulers, Unit: l.row.Unit, Better: "less",
		Fibers: l.jsonSide(OnFibers), Goroutines: l.jsonSide(OnGoroutines),
		Ratio: l.ratio.json(), CPURatio: known(l.cpu), Note: l.note, Skipped: l.skipped, Samples: []jsonSample{},
	}
	if l.row.More {
		j.Better = "more"
	}
	for i, p := range l.pairs {
		j.Samples = append(j.Samples, jsonSample{
			Round: i + 1, First: p.first.String(),
			Fibers: p.Samples[OnFibers].json(l.index), Goroutines: p.Samples[OnGoroutines].json(l.index),
		})
	}
	return j
}

func (l Line) jsonSide(s Side) jsonSide {
	j := jsonSide{jsonSpread: l.values[s].json(), Speedup: known(l.speedups[s])}
	if len(l.pairs) > 0 && l.pairs[0].Samples[s].Ops > 0 {
		j.Allocs = known(l.allocs[s])
	}
	return j
}

func (s spread) json() jsonSpread {
	return jsonSpread{known(s.median), known(s.low), known(s.high), known(s.min), known(s.max)}
}

func (s Sample) json(index int) jsonRun {
	return jsonRun{
		Value: known(s.Values[index]),
		CPU:   float64(s.Cost.CPU) / 1e6, Wall: float64(s.Cost.Wall) / 1e6,
		Shares: s.Shares, Extra: s.Extra,
	}
}

// known returns x for JSON, which has no word for what is not a number.
func known(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
