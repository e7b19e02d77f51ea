// Command figures draws ratios.svg, the figure of the README, from run.json, a run of the
// benchmark.
//
//	go run ./docs/figures                  draw it again
//	go run ./docs/figures -keep FILE       make run.json of what go run ./bench -json has printed into FILE, and draw
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	keep := flag.String("keep", "", "make run.json of this `file`, printed by go run ./bench -json")
	dir := flag.String("dir", filepath.FromSlash("docs/figures"), "where run.json and ratios.svg are")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("figures: %q is no flag", flag.Arg(0))
	}
	if err := figures(*dir, *keep); err != nil {
		log.Fatal("figures: ", err)
	}
}

func figures(dir, keep string) error {
	kept := filepath.Join(dir, "run.json")
	if keep != "" {
		r, err := fromBench(keep)
		if err != nil {
			return err
		}
		if err := os.WriteFile(kept, r.text(), 0o644); err != nil {
			return err
		}
	}
	r, err := read(kept)
	if err != nil {
		return err
	}
	svg, err := draw(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "ratios.svg"), svg, 0o644)
}

// A run is what is kept of a run of the benchmark: its rows without the samples.
type run struct {
	Date        string      `json:"date"`
	Environment environment `json:"environment"`
	Rows        []row       `json:"rows"`
}

type environment struct {
	Go     string  `json:"go"`
	System string  `json:"system"`
	Kernel string  `json:"kernel,omitempty"`
	CPU    string  `json:"cpu,omitempty"`
	CPUs   int     `json:"cpus"`
	Switch string  `json:"switch"`
	Load   float64 `json:"load"`
	Quick  bool    `json:"quick,omitempty"`
	Asked  int     `json:"rounds"`
}

type row struct {
	Suite      string  `json:"suite"`
	Workload   string  `json:"workload"`
	Schedulers int     `json:"schedulers"`
	Unit       string  `json:"unit"`
	Better     string  `json:"better"` // "less" or "more"
	Fibers     figure  `json:"fibers"`
	Goroutines figure  `json:"goroutines"`
	Ratio      spread  `json:"ratio"` // below 1 fibers are better, whatever is better in the unit
	CPURatio   float64 `json:"cpu_ratio,omitempty"`
	Rounds     int     `json:"rounds_made"`
}

type figure struct {
	Median  float64 `json:"median"`
	Speedup float64 `json:"speedup,omitempty"` // over one scheduler
}

type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"quartile1"`
	High   float64 `json:"quartile3"`
}

// fromBench reads what -json of the benchmark has printed.
func fromBench(file string) (*run, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Environment environment `json:"environment"`
		Interrupted bool        `json:"interrupted"`
		Rows        []struct {
			row
			Samples []struct{} `json:"samples"`
		} `json:"rows"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s is not what go run ./bench -json prints: %w", file, err)
	}
	switch {
	case doc.Interrupted:
		return nil, fmt.Errorf("%s is of a run that was interrupted", file)
	case doc.Environment.Quick:
		return nil, fmt.Errorf("%s is of a run with -quick, which measures little", file)
	}
	r := &run{Date: info.ModTime().UTC().Format("2006-01-02"), Environment: doc.Environment}
	for _, x := range doc.Rows {
		if x.Rounds = len(x.Samples); x.Rounds > 0 {
			r.Rows = append(r.Rows, x.row)
		}
	}
	return r, nil
}

// text is the content of run.json: a row in each line.
func (r *run) text() []byte {
	line := func(x any) []byte {
		b, err := json.Marshal(x)
		if err != nil {
			panic(err) // numbers and strings
		}
		return b
	}
	text := fmt.Appendf(nil, "{\"date\": %s,\n \"environment\": %s,\n \"rows\": [", line(r.Date), line(r.Environment))
	for i, x := range r.Rows {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, "\n  "...), line(x)...)
	}
	return append(text, "\n ]}\n"...)
}

func read(file string) (*run, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &run{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// find returns the row of a workload with the most schedulers, nil if it has none.
func (r *run) find(workload string) (found *row) {
	for i := range r.Rows {
		if x := &r.Rows[i]; x.Workload == workload && (found == nil || x.Schedulers > found.Schedulers) {
			found = x
		}
	}
	return found
}
