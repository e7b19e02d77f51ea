package harness

import (
	"fmt"
	"os"
	goruntime "runtime"
	"strings"

	"github.com/seed222ee791/fibers/internal/coro"
)

// Environment is where the figures were taken.
type Environment struct {
	Go         string  `json:"go"`
	System     string  `json:"system"`
	Kernel     string  `json:"kernel,omitempty"`
	CPU        string  `json:"cpu,omitempty"`
	CPUs       int     `json:"cpus"`
	Switch     string  `json:"switch"` // how fibers change stacks
	Load       float64 `json:"load"`   // average of the last minute, at the start; 0 where it is not known
	Schedulers []int   `json:"schedulers"`
	Quick      bool    `json:"quick"`
	Rounds     int     `json:"rounds"` // as asked for
	Memory     string  `json:"memory"` // what the memory rows measure
}

// Observe looks at where the program runs, and keeps what was asked for.
func Observe(schedulers []int, rounds int, quick bool) Environment {
	e := Environment{
		Go: goruntime.Version(), System: goruntime.GOOS + "/" + goruntime.GOARCH, CPUs: goruntime.NumCPU(),
		Switch: coro.Kind(), Schedulers: schedulers, Quick: quick, Rounds: rounds, Memory: memoryMeasure,
	}
	// These exist on Linux alone; elsewhere the fields stay empty.
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		e.Kernel = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Sscan(string(text), &e.Load)
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for l := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(name) == "model name" {
				e.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	return e
}

// String returns the facts that belong above the table.
func (e Environment) String() string {
	s := fmt.Sprintf("%s %s, %d CPUs", e.Go, e.System, e.CPUs)
	if e.CPU != "" {
		s += " (" + e.CPU + ")"
	}
	s += ", switch " + e.Switch
	if e.Load > 0 {
		s += fmt.Sprintf(", load %.1f at the start", e.Load)
	}
	if e.Quick {
		s += ", -quick: sizes too small to quote"
	}
	if memoryMeasure != "RSS" {
		s += "\nmemory rows: " + memoryMeasure
	}
	return s
}
