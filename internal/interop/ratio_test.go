//go:build linux

package interop

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	ratios  = flag.Bool("interop.ratios", false, "measure fibers against goroutines and print the table")
	rounds  = flag.Int("interop.rounds", 3, "how often each row is measured on each side")
	lasting = flag.Duration("interop.for", 500*time.Millisecond, "how long each measurement lasts")
	chosen  = flag.String("interop.rows", "", "a regular expression: the rows to be measured")
)

// measured is the table, which TestMain prints at the end.
var measured string

// A row is a line of the table.
type row struct {
	name    string
	unit    string   // of the rate, and how much of it an operation is: "" and 1
	scale   float64  //
	program *program // is running, if there is one
	tools   []tool   // programs that it needs besides
	// measure puts a load on a client or server of one side, in a process of its own.
	measure func(s *side, addr string, l load) (sample, error)
}

// A tool is a program of somebody else that makes a load or asks something.
type tool struct{ binary, debian string }

var table = slices.Concat(postgresRows, redisRows, mariadbRows, natsRows, grpcRows, quicRows, sshRows, dnsRows, httpRows)

const childVariable = "INTEROP_TASK"

// A childTask is what a child process does: one row on one side, once.
type childTask struct {
	Row, Side, Addr string
	Load            load
}

func runTask(text string) sample {
	var e childTask
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return sample{Err: err.Error()}
	}
	i := slices.IndexFunc(table, func(r row) bool { return r.name == e.Row })
	if i < 0 {
		return sample{Err: "no such row"}
	}
	s, err := newSide(e.Side)
	if err != nil {
		return sample{Err: err.Error()}
	}
	got, err := table[i].measure(s, e.Addr, e.Load)
	if err != nil {
		return sample{Err: err.Error()}
	}
	return got
}

// hangs is the error of a child task that was killed.
const hangs = "hangs"

// send has a child process do a child task.
func send(e childTask) sample {
	text, err := json.Marshal(e)
	if err != nil {
		return sample{Err: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.Load.Warm+e.Load.For+15*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return sample{Err: hangs}
	}
	var got sample
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		return sample{Err: fmt.Sprintf("%v: %s", err, said.String())}
	}
	return got
}

// TestRatios measures each row on both sides in turns. It fails if one does not work,
// not if it is slow: the machine may be busy with something else.
func TestRatios(t *testing.T) {
	if !*ratios {
		t.Skip("measures when asked to: -interop.ratios")
	}
	only, err := regexp.Compile(*chosen)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nFibers + poll against goroutines + net: %d rounds of %v on each side, in turns.\nRatios are medians over the rounds, with the least and the largest.\n\n", *rounds, *lasting)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "software\trate ratio\tp99 ratio\tCPU ratio\tfibers\tp50\tp99\tgoroutines\tp50\tp99")
	for _, r := range table {
		if !only.MatchString(r.name) {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			addr := ""
			if r.program != nil {
				r.program.use(t)
				addr = r.program.addr()
			}
			for _, tool := range r.tools {
				_, err := lookFor(tool.binary)
				need(t, err, tool.debian)
			}
			fmt.Fprintln(w, r.line(t, addr))
		})
	}
	w.Flush()
	measured = b.String()
}

// line measures a row.
func (r row) line(t *testing.T, addr string) string {
	samples := map[string][]sample{}
	failed := map[string]string{}
	for round := range *rounds {
		for i := range sides {
			side := sides[(i+round)%2] // each is the first as often
			if failed[side] != "" {
				continue
			}
			got := send(childTask{Row: r.name, Side: side, Addr: addr, Load: load{Warm: *lasting / 4, For: *lasting}})
			if got.Err != "" {
				failed[side] = got.Err
				t.Errorf("%s: %s", side, got.Err)
				continue
			}
			samples[side] = append(samples[side], got)
		}
	}
	f, g := samples[onFibers], samples[onGoroutines]
	cells := []string{r.name}
	for _, value := range []func(sample) float64{
		func(s sample) float64 { return s.Rate },
		func(s sample) float64 { return float64(s.P99) },
		func(s sample) float64 { return float64(s.CPU) },
	} {
		cells = append(cells, spread(f, g, value))
	}
	for i, of := range [][]sample{f, g} {
		if failed[sides[i]] != "" || len(of) == 0 {
			word, _, _ := strings.Cut(failed[sides[i]], "\n")
			cells = append(cells, word[:min(len(word), 40)], "", "")
			continue
		}
		p50 := median(of, func(s sample) float64 { return float64(s.P50) })
		p99 := median(of, func(s sample) float64 { return float64(s.P99) })
		cells = append(cells, r.rate(median(of, func(s sample) float64 { return s.Rate })), micros(p50), micros(p99))
	}
	return strings.Join(cells, "\t")
}

func (r row) rate(v float64) string {
	if r.unit != "" {
		return fmt.Sprintf("%.0f %s", v*r.scale, r.unit)
	}
	return fmt.Sprintf("%.1f k/s", v/1000)
}

func micros(ns float64) string {
	return time.Duration(ns).Round(max(time.Microsecond, time.Duration(ns/100).Round(time.Microsecond))).String()
}

func median(all []sample, value func(sample) float64) float64 {
	var v []float64
	for _, s := range all {
		v = append(v, value(s))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// spread returns the ratio of fibers to goroutines: the median over the rounds, the
// least and the largest.
func spread(f, g []sample, value func(sample) float64) string {
	var all []float64
	for i := range min(len(f), len(g)) {
		if d := value(g[i]); d > 0 {
			all = append(all, value(f[i])/d)
		}
	}
	if len(all) == 0 {
		return "–"
	}
	slices.Sort(all)
	return fmt.Sprintf("%.2f (%.2f–%.2f)", all[len(all)/2], all[0], all[len(all)-1])
}
