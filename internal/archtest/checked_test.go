package archtest

import (
	"fmt"
	"go/ast"
	"regexp"
	"strings"
)

var testName = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w*…?`)

// checkedBy: a test that a comment names after "Checked by:" is there; with "…" at its
// end, one whose name begins so.
func checkedBy(t *tree) (found []string) {
	names := map[string]bool{}
	for _, f := range t.files {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = true
			}
		}
	}
	known := func(name string) bool {
		start, more := strings.CutSuffix(name, "…")
		if !more {
			return names[name]
		}
		for n := range names {
			if strings.HasPrefix(n, start) {
				return true
			}
		}
		return false
	}
	for _, f := range t.files {
		for _, group := range f.ast.Comments {
			for i, part := range strings.Split(group.Text(), "Checked by:") {
				if i == 0 {
					continue
				}
				part, _, _ = strings.Cut(part, "\n\n")
				for _, name := range testName.FindAllString(part, -1) {
					if !known(name) {
						found = append(found, fmt.Sprintf("%s: checked by %s, which does not exist", t.fset.Position(group.Pos()), name))
					}
				}
			}
		}
	}
	return found
}

var badChecked = map[string]sources{
	"a test that is not there": {"a/a.go": "package a\n\n// A protocol.\n//\n// Checked by: TestGone, and\n// TestThere.\nvar X int\n", "a/a_test.go": "package a\n\nfunc TestThere() {}\n"},
	"in the second line":       {"a/a.go": "package a\n\n// A protocol.\n//\n// Checked by: TestThere,\n// TestGone.\nvar X int\n", "a/a_test.go": "package a\n\nfunc TestThere() {}\n"},
	"none that begins so":      {"a/a.go": "package a\n\n// Checked by: TestGone….\nvar X int\n"},
}

var goodChecked = sources{
	"a/a.go":      "package a\n\n// TestGone is no matter.\n//\n// Checked by: TestThere, TestTh….\n//\n// TestGone.\nvar X int\n",
	"a/a_test.go": "package a\n\nfunc TestThere() {}\n",
}
