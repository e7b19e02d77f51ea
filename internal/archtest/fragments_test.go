package archtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A chapter is a document whose Go code is checked: the README and whatever is
// under docs.
func chapter(name string) bool {
	return name == "README.md" || strings.HasPrefix(name, "docs/") && strings.HasSuffix(name, ".md")
}

// isProgram tells the two kinds of Go code in a chapter apart.
func isProgram(code string) bool { return strings.HasPrefix(code, "package ") }

// fragments: Go code in a chapter that is not a program (TestDocumentPrograms
// builds these) stands line by line in a Go file of the tree, however indented.
// So it compiles, and if that file is an example, it runs.
func fragments(t *tree) (found []string) {
	var files []string
	for _, f := range t.files {
		if f.dir != "internal/archtest" { // which has code that is wrong on purpose
			files = append(files, unindented(t.text[f.path]))
		}
	}
	stands := func(code string) bool {
		code = unindented(code)
		for _, text := range files {
			if strings.Contains(text, code) {
				return true
			}
		}
		return false
	}
	for _, name := range t.paths() {
		if !chapter(name) {
			continue
		}
		for _, b := range block.FindAllStringSubmatchIndex(t.text[name], -1) {
			language, code := t.text[name][b[2]:b[3]], t.text[name][b[4]:b[5]]
			if language != "go" || isProgram(code) || stands(code) {
				continue
			}
			line := 1 + strings.Count(t.text[name][:b[0]], "\n")
			found = append(found, fmt.Sprintf("%s:%d: this code is neither a program (package main, …) nor does it stand in a Go file: put it into an example", name, line))
		}
	}
	return found
}

// unindented returns code without the blanks at both ends of its lines and
// without empty lines at its ends.
func unindented(code string) string {
	lines := strings.Split(strings.TrimSpace(code), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return "\n" + strings.Join(lines, "\n") + "\n"
}

// A documentProgram is a program in a chapter and, if a text block comes next,
// what it prints.
type documentProgram struct {
	where, code, output string
	printed             bool
}

func documentPrograms(name, markdown string) (all []documentProgram) {
	blocks := block.FindAllStringSubmatch(markdown, -1)
	for i, b := range blocks {
		if b[1] != "go" || !isProgram(b[2]) {
			continue
		}
		p := documentProgram{where: fmt.Sprintf("%s, program %d", name, len(all)+1), code: b[2]}
		if i+1 < len(blocks) && blocks[i+1][1] == "text" {
			p.output, p.printed = blocks[i+1][2], true
		}
		all = append(all, p)
	}
	return all
}

// The programs of all chapters build, pasted into a new module, and print what
// the chapter says.
func TestDocumentPrograms(t *testing.T) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not on PATH: ", err)
	}
	sources := load(t)
	var all []documentProgram
	for _, name := range sources.paths() {
		if chapter(name) {
			all = append(all, documentPrograms(name, sources.text[name])...)
		}
	}
	if len(all) < 2 {
		t.Fatalf("only %d programs: is the README without one?", len(all))
	}

	dir := t.TempDir()
	write := func(name, content string) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.sum", sources.text["go.sum"])
	write("go.mod", "module example.org/chapters\n\ngo 1.26\n\nrequire "+module+" v0.0.0\n\nreplace "+module+" => "+root(t)+"\n")
	for i, p := range all {
		write(fmt.Sprintf("p%d/main.go", i), p.code)
	}
	run := func(t *testing.T, name string, args ...string) string {
		t.Helper()
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
	for i, p := range all {
		t.Run(p.where, func(t *testing.T) {
			binary := fmt.Sprintf("p%d.exe", i)
			run(t, goCommand, "build", "-o", binary, fmt.Sprintf("./p%d", i))
			if !p.printed {
				return
			}
			if got := run(t, filepath.Join(dir, binary)); got != p.output {
				t.Errorf("the program prints\n%s\nThe document says\n%s", got, p.output)
			}
		})
	}
}

func TestDocumentProgramsAreFound(t *testing.T) {
	const fence = "```"
	md := strings.Join([]string{
		fence + "go", "package main", fence, "prints", fence + "text", "1", fence,
		fence + "go", "x := 1", fence,
		fence + "go", "package main", "// second", fence, fence + "sh", "ls", fence, "",
	}, "\n")
	all := documentPrograms("docs/a.md", md)
	if len(all) != 2 || all[0].code != "package main\n" || all[0].output != "1\n" || !all[0].printed || all[1].printed {
		t.Errorf("found %+v", all)
	}
}

const fragmentFence = "```"

var (
	badFragments = map[string]sources{
		"stands nowhere":    {"docs/a.md": fragmentFence + "go\nx := 1\n" + fragmentFence + "\n", "cml/a.go": "package cml\n"},
		"in a comment":      {"docs/a.md": fragmentFence + "go\nx := 1\n" + fragmentFence + "\n", "cml/a.go": "package cml\n// x := 1\n"},
		"part of a line":    {"docs/a.md": fragmentFence + "go\nf()\n" + fragmentFence + "\n", "cml/a.go": "package cml\nfunc g() {\n\treturn f()\n}"},
		"lines left out":    {"docs/a.md": fragmentFence + "go\nf()\nh()\n" + fragmentFence + "\n", "cml/a.go": "package cml\nfunc i() {\n\tf()\n\tg()\n\th()\n}"},
		"in the README too": {"README.md": fragmentFence + "go\nx := 1\n" + fragmentFence + "\n"},
	}
	goodFragments = sources{
		"cml/a_test.go": "package cml\n\nfunc F() {\n\tif x {\n\t\ty()\n\t}\n}\n",
		"docs/a.md": fragmentFence + "go\nif x {\n\ty()\n}\n" + fragmentFence + "\n" +
			fragmentFence + "go\npackage main\n" + fragmentFence + "\n" + fragmentFence + "text\nx\n" + fragmentFence + "\n",
		"bench/README.md": fragmentFence + "go\nnowhere\n" + fragmentFence + "\n",
	}
)
