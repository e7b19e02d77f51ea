package archtest

import (
	"go/build/constraint"
	"strings"
)

// oneRace: whether the race detector is on is known from internal/race, not from pairs of files.
// Where what is compiled differs, and not only what is done, a constraint names something else, too.
func oneRace(t *tree) (found []string) {
	for _, f := range t.files {
		if f.dir == "internal/race" {
			continue
		}
		for _, group := range f.ast.Comments {
			for _, c := range group.List {
				if !constraint.IsGoBuild(c.Text) || c.Pos() > f.ast.Package {
					continue
				}
				line := strings.TrimSpace(strings.TrimPrefix(c.Text, "//go:build"))
				if line == "!race" || line == "race" && !detectorTest[f.path] {
					found = append(found, t.at(c, "a file for the race detector alone: ask race.Enabled"))
				}
			}
		}
	}
	return found
}

// detectorTest are the tests of what the detector itself reports.
var detectorTest = map[string]bool{"runtime/racedetector_race_test.go": true}

var badOneRace = map[string]sources{
	"with it":    {"cml/race_test.go": "//go:build race\n\npackage cml\n"},
	"without it": {"cml/norace_test.go": "//go:build !race\n\npackage cml\n"},
}

var goodOneRace = sources{
	"internal/race/on.go":               "//go:build race\n\npackage race\n",
	"runtime/racedetector_race_test.go": "//go:build race\n\npackage runtime\n",
	"worksteal/on.go":                   "//go:build invariants || race\n\npackage worksteal\n",
	"cml/a.go":                          "package cml\n\n//go:build race\n",
}
