package harness

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PrintGo prints every sample in the format of Go's own benchmarks, a line for each side:
//
//	BenchmarkSpawn/finish/n=2/side=fibers  1  123 ns/op
//
// so that benchstat compares the sides of one run (-col /side), or two runs.
func PrintGo(out io.Writer, env Environment, lines []Line) {
	goos, goarch, _ := strings.Cut(env.System, "/")
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\npkg: github.com/seed222ee791/fibers/bench\n", goos, goarch)
	if env.CPU != "" {
		fmt.Fprintf(out, "cpu: %s\n", env.CPU)
	}
	fmt.Fprintf(out, "switch: %s\n\n", env.Switch)
	for _, l := range lines {
		for _, p := range l.pairs {
			for s := range Sides {
				fmt.Fprintf(out, "Benchmark%s/n=%d/side=%s\t%d\t%v %s\n",
					title(l.row.Name), l.schedulers, s, max(p.Samples[s].Ops, 1), p.Samples[s].Values[l.index], goUnit(l.row))
			}
		}
	}
}

// title returns a name as Benchmark needs one: without spaces, the first letter a capital.
func title(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(name[size:], " ", "-")
}

// goUnit returns the unit of a row without spaces. benchstat takes what it does not know for
// something of which less is better, unless it ends in /s.
func goUnit(r Row) string {
	unit := strings.ReplaceAll(r.Unit, " ", "-")
	if r.More && !strings.HasSuffix(unit, "/s") {
		unit += "-more/s"
	}
	return unit
}
