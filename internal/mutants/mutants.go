// Package mutants is for tests of tests: that they fail when the source that they run is
// changed in one place, as a mutant of docs/models must be found.
//
//	mutants.Find(t, mutants.Plan{
//		Run:   "^TestThingModel$",
//		Tags:  "model",
//		Files: []string{"thing.go", "atomics_model.go", "thing_model_test.go"},
//	}, mutants.Change("look first", "thing.go", "put()\nlook()", "look()\nput()"))
//
// Each mutant is compiled, with those files of the package that the test needs and no others, which
// also shows that it needs no others; nothing is written but in a directory of the test's own.
package mutants

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A Plan is how to run the tests, in the directory of the package.
type Plan struct {
	Run   string   // the tests, as for go test -run
	Tags  string   // build tags
	Files []string // of the package, that they need
}

// A Mutant is a change that must be found.
type Mutant struct {
	Name, File string
	Old, New   string // Old is there once
}

// Change returns the mutant of that name in which old, which is in the file once, is something else.
func Change(name, file, old, new string) Mutant {
	return Mutant{Name: name, File: file, Old: old, New: new}
}

// Find fails t if the tests fail as things are, or pass with one of the mutants.
func Find(t *testing.T, p Plan, list ...Mutant) {
	t.Helper()
	t.Run("as it is", func(t *testing.T) {
		if out, err := p.test(t, "", ""); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
	for _, m := range list {
		t.Run(m.Name, func(t *testing.T) {
			text, err := os.ReadFile(m.File)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), m.Old); n != 1 {
				t.Fatalf("%s has %d times\n%s", m.File, n, m.Old)
			}
			out, err := p.test(t, m.File, strings.Replace(string(text), m.Old, m.New, 1))
			switch {
			case err == nil:
				t.Error("it is not found")
			case !strings.Contains(out, "--- FAIL"):
				t.Errorf("the tests have not run: %v\n%s", err, out)
			default:
				t.Log(reason(out))
			}
		})
	}
}

// test runs the tests with another text for file, if that is not "".
func (p *Plan) test(t *testing.T, file, text string) (out string, err error) {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = make(map[string]string)
	for _, path := range all {
		if !slices.Contains(p.Files, filepath.Base(path)) {
			overlay.Replace[path] = "" // it is not there
		}
	}
	own := t.TempDir()
	if file != "" {
		changed := filepath.Join(own, "changed.go")
		overlay.Replace[filepath.Join(dir, file)] = changed
		if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(own, "overlay.json")
	if err := os.WriteFile(name, said, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-overlay", name, "-tags", p.Tags, "-vet", "off", "-count", "1", "-failfast", "-run", p.Run, ".")
	b, err := cmd.CombinedOutput()
	return string(b), err
}

// reason is what a test says first.
func reason(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "_test.go:") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
