package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

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
