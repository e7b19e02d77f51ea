package main

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRankSum(t *testing.T) {
	for _, c := range []struct {
		a, b   []float64
		p      float64
		enough bool
	}{
		{nil, []float64{1}, 1, false},
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, 2.0 / 20, false},
		{[]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 2.0 / 252, true},
		{[]float64{6, 7, 8, 9, 10}, []float64{1, 2, 3, 4, 5}, 2.0 / 252, true},
		{[]float64{1, 3}, []float64{2, 4}, 4.0 / 6, false}, // sums 3, 4, 5, 5, 6, 7; as far as 4: 3, 4, 6, 7
		{[]float64{1, 1, 1}, []float64{1, 1, 1}, 1, false},
	} {
		p, enough := rankSum(c.a, c.b)
		if math.Abs(p-c.p) > 1e-9 || enough != c.enough {
			t.Errorf("rankSum(%v, %v) = %v, %v; must be %v, %v", c.a, c.b, p, enough, c.p, c.enough)
		}
	}
}

// Where nothing has changed, that is what is said; where something has, likewise.
func TestRankSumOfNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, factor float64) []float64 {
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = factor * math.Exp(0.2*r.NormFloat64()) // as wide as on a busy machine
		}
		return xs
	}
	for _, n := range []int{5, 12, 40} { // 40: by the normal distribution
		const trials = 400
		wrong, found := 0, 0
		for range trials {
			if compare(draw(n, 1), draw(n, 1)).significant() {
				wrong++
			}
			if compare(draw(n, 1), draw(n, 2)).significant() {
				found++
			}
		}
		if wrong > trials/40 || found < trials*8/10 {
			t.Errorf("%d rounds: of %d, %d are said to have changed that have not, and %d to be twice as slow that are", n, trials, wrong, found)
		}
	}
}

// A table is no wider than a terminal.
func TestTableFits80Columns(t *testing.T) {
	for _, w := range registry(full) {
		for _, r := range w.rows {
			cells := [][]string{
				{"workload", "n", "fibers", "goroutines", "unit", "ratio", "spread", "rounds"},
				{r.name, "16", "123456", "1234567", r.unit + " ↑", "12.34", "0.123–12.3", "12"},
			}
			if got := len([]rune(strings.Split(render(cells), "\n")[2])); got > 80 {
				t.Errorf("%s takes %d columns", r.name, got)
			}
		}
	}
}

func testGoFormat(t *testing.T, binary string) {
	stdout, stderr, code, err := execute(binary, "-quick", "-schedulers", "1", "-run", "^(yield/2|citizen)$", "-rounds", "2", "-format", "go")
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	result := regexp.MustCompile(`^Benchmark[A-Z]\S*/n=1/side=(fibers|goroutines)\t\d+\t[0-9.e+]+ [^\s]+$`)
	key := regexp.MustCompile(`^[a-z]+: .+$`)
	n := 0
	for l := range strings.SplitSeq(strings.TrimSpace(stdout), "\n") {
		if result.MatchString(l) {
			n++
		} else if l != "" && !key.MatchString(l) {
			t.Errorf("a line that benchstat does not know: %q", l)
		}
	}
	if n != 8 { // two rows, two rounds, two sides
		t.Errorf("%d results in\n%s", n, stdout)
	}
}

func testAgainst(t *testing.T, binary string) {
	args := []string{"-quick", "-schedulers", "1", "-run", "^(yield/2|spawn/finish)$", "-rounds", "5"}
	stdout, stderr, code, err := execute(binary, append(args, "-json")...)
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	file := filepath.Join(t.TempDir(), "before.json")
	if err := os.WriteFile(file, []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	args[4] = "^yield/"
	stdout, stderr, code, err = execute(binary, append(args, "-against", file)...)
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	for _, want := range []string{"\nyield/2 ", "yield/100, n = 1, is new", "spawn/finish, n = 1, was not run now", "5+5", "0 have too few rounds"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is missing in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "Not the same") {
		t.Errorf("the same machine is said to be another:\n%s", stdout)
	}
}

func testHTML(t *testing.T, binary string) {
	file := filepath.Join(t.TempDir(), "report.html")
	_, stderr, code, err := execute(binary, "-quick", "-schedulers", "1,2", "-run", "^(yield/2|spawn/finish|fork/both)$", "-rounds", "3", "-html", file)
	if err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"yield/2, n = 2", "<h2>spawn</h2>", "Speed-up", "-schedulers 1,2", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(page, "<g>"); n != 6 {
		t.Errorf("%d rows are drawn", n)
	}
	if strings.Contains(page, "NaN") || strings.Contains(page, "http://") || strings.Contains(page, "https://") {
		t.Error("the page has what is no number, or asks somebody else for something")
	}
}

// A result that cannot be written is said to be lost.
func testFull(t *testing.T, binary string) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, format := range []string{"table", "json", "go"} {
		var said strings.Builder
		cmd := exec.Command(binary, "-quick", "-schedulers", "1", "-run", "^yield/2$", "-rounds", "1", "-format", format)
		cmd.Stdout, cmd.Stderr = full, &said
		if cmd.Run(); cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(said.String(), "cannot be written") {
			t.Errorf("%s: exit code %d\n%s", format, cmd.ProcessState.ExitCode(), said.String())
		}
	}
}

// A report that is not finished leaves the one before alone.
func TestReportTakesItsPlaceAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report.html")
	if err := os.WriteFile(name, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := newPage(name)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(name); string(text) != "before" {
		t.Errorf("the report before has become %q", text)
	}
	if err := p.write(&report{Interrupted: true}); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(name); !strings.Contains(string(text), "The run was interrupted") {
		t.Errorf("the report is\n%s", text)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("%d files are left", len(all))
	}
	if _, err := newPage(dir); err == nil {
		t.Error("a report may take the place of a directory")
	}
}
