package archtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```[ \t]*$")

// firstProgram returns the first Go program of a document and what it prints:
// the text block that comes next.
func firstProgram(markdown string) (program, output string, err error) {
	blocks := block.FindAllStringSubmatch(markdown, -1)
	for i, b := range blocks {
		if b[1] != "go" {
			continue
		}
		if i+1 == len(blocks) || blocks[i+1][1] != "text" {
			return "", "", errors.New("no text block follows the first program")
		}
		return b[2], blocks[i+1][2], nil
	}
	return "", "", errors.New("no program")
}

// The first program of the README, pasted into a new module, builds and prints
// what the README says.
func TestReadmeFirstProgram(t *testing.T) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not on PATH: ", err)
	}
	// Reading every source here tells the test cache what the answer depends on.
	sources := load(t)
	program, output, err := firstProgram(sources.text["README.md"])
	if err != nil {
		t.Fatal("README.md: ", err)
	}

	dir, base := t.TempDir(), root(t)
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		stdout, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
		}
		return string(stdout)
	}
	write("main.go", program)
	write("go.sum", sources.text["go.sum"])
	write("go.mod", "module example.org/first\n\ngo 1.26\n\n"+
		"require "+module+" v0.0.0\n\n"+
		"replace "+module+" => "+base+"\n")
	run(goCommand, "build", "-o", "first.exe", ".")
	if got := run(filepath.Join(dir, "first.exe")); got != output {
		t.Errorf("the program prints\n%s\nThe README says\n%s", got, output)
	}
}

func TestFirstProgram(t *testing.T) {
	const fence = "```"
	md := strings.Join([]string{"# x", fence + "sh", "go test", fence, fence + "go", "package main", fence, "It prints", fence + "text", "1", "2", fence, fence + "go", "x", fence, ""}, "\n")
	program, output, err := firstProgram(md)
	if err != nil || program != "package main\n" || output != "1\n2\n" {
		t.Errorf("got %q, %q, %v", program, output, err)
	}
	for name, md := range map[string]string{
		"no program":     strings.ReplaceAll(md, fence+"go", fence+"c"),
		"no output":      strings.Replace(md, fence+"text", fence+"json", 1),
		"nothing at all": "",
	} {
		if _, _, err := firstProgram(md); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
