package archtest

import (
	"slices"
	"strconv"
	"strings"
)

// A room is a group of packages that stand on the same floor.
type room string

const (
	internalRoom room = "internal"
	groundRoom   room = "ground floor" // each usable and testable alone
	engineRoom   room = "engine"
	topRoom      room = "top"
	programRoom  room = "program"
)

// roomOf returns the room of the package in dir, and "" if it has none.
func roomOf(dir string) room {
	top, _, _ := strings.Cut(dir, "/")
	switch {
	case top == "internal":
		return internalRoom
	case dir == "runtime":
		return engineRoom
	case slices.Contains([]string{"cml", "worksteal", "timerwheel"}, dir):
		return groundRoom
	case slices.Contains([]string{"runtime/inspect", "runtime/parallel", "runtime/sim", "poll"}, dir):
		return topRoom
	case program(dir):
		return programRoom
	}
	return ""
}

// below says which rooms the packages of a room may import. Rooms that may not
// import themselves hold packages that know nothing of each other.
var below = map[room][]room{
	internalRoom: {internalRoom},
	groundRoom:   {internalRoom},
	engineRoom:   {internalRoom, groundRoom},
	topRoom:      {internalRoom, groundRoom, engineRoom},
	programRoom:  {internalRoom, groundRoom, engineRoom, topRoom, programRoom},
}

// importDirection: every package has a room and imports only what is below it,
// in the tests that belong to it too. External tests (package x_test) may use
// whatever a user of the package would, such as fibers to perform operations.
func importDirection(t *tree) (found []string) {
	for _, f := range t.files {
		from := roomOf(f.dir)
		if from == "" {
			found = append(found, t.at(f.ast, "package in %s has no room: give it one in this test", f.dir))
			continue
		}
		if f.test && strings.HasSuffix(f.ast.Name.Name, "_test") {
			continue
		}
		for _, spec := range f.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				panic(err)
			}
			dir, ours := strings.CutPrefix(imported, t.module+"/")
			if !ours {
				continue
			}
			if to := roomOf(dir); !slices.Contains(below[from], to) {
				found = append(found, t.at(spec, "%s (%s) imports %s (%s)", f.dir, from, dir, to))
			}
		}
	}
	return found
}

// allowedModules may be imported outside tests.
var allowedModules = []string{
	"golang.org/x/sys",
	"go.uber.org/atomic",
	"github.com/google/gops",
}

// thirdParty: outside tests, a library package imports only the standard library,
// this module and allowedModules.
func thirdParty(t *tree) (found []string) {
	for _, f := range t.files {
		if f.test || program(f.dir) {
			continue
		}
		for _, spec := range f.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				panic(err)
			}
			first, _, _ := strings.Cut(imported, "/")
			standard := !strings.Contains(first, ".")
			allowed := standard || slices.ContainsFunc(append(allowedModules, t.module), func(m string) bool {
				return imported == m || strings.HasPrefix(imported, m+"/")
			})
			if !allowed {
				found = append(found, t.at(spec, "%s is not among the allowed modules", imported))
			}
		}
	}
	return found
}

// benchSuites: the suites of the benchmark know its harness, and nothing of each other; the
// harness knows no suite.
func benchSuites(t *tree) (found []string) {
	const rooms, harness = "bench/internal/", "bench/internal/harness"
	for _, f := range t.files {
		if !strings.HasPrefix(f.dir, rooms) {
			continue
		}
		for _, spec := range f.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				panic(err)
			}
			dir, ours := strings.CutPrefix(imported, t.module+"/")
			if ours && strings.HasPrefix(dir, rooms) && dir != f.dir && (dir != harness || f.dir == harness) {
				found = append(found, t.at(spec, "%s imports %s: of the benchmark's packages a suite imports the harness alone", f.dir, dir))
			}
		}
	}
	return found
}

var (
	badSuites = map[string]sources{
		"a suite imports a suite":     {"bench/internal/net/a.go": `package net; import _ "` + module + `/bench/internal/timers"`},
		"and in a test":               {"bench/internal/net/a_test.go": `package net; import _ "` + module + `/bench/internal/timers"`},
		"the harness imports a suite": {"bench/internal/harness/a.go": `package harness; import _ "` + module + `/bench/internal/net"`},
	}
	goodSuites = sources{
		"bench/a.go":              `package main; import _ "` + module + `/bench/internal/net"; import _ "` + module + `/bench/internal/harness"`,
		"bench/internal/net/a.go": `package net; import _ "` + module + `/bench/internal/harness"; import _ "` + module + `/poll"`,
	}

	badImports = map[string]sources{
		"ground floor imports ground floor": {"cml/a.go": `package cml; import _ "` + module + `/timerwheel"`},
		"ground floor imports the engine":   {"worksteal/a.go": `package worksteal; import _ "` + module + `/runtime"`},
		"and in a test":                     {"worksteal/a_test.go": `package worksteal; import _ "` + module + `/runtime"`},
		"epoll imports poll":                {"internal/epoll/a.go": `package epoll; import _ "` + module + `/poll"`},
		"internal imports the engine":       {"internal/coro/a.go": `package coro; import _ "` + module + `/runtime"`},
		"internal imports the ground floor": {"internal/coro/a.go": `package coro; import _ "` + module + `/cml"`},
		"the engine imports poll":           {"runtime/a.go": `package runtime; import _ "` + module + `/poll"`},
		"the engine imports sim":            {"runtime/a.go": `package runtime; import _ "` + module + `/runtime/sim"`},
		"top imports top":                   {"poll/a.go": `package poll; import _ "` + module + `/runtime/inspect"`},
		"a library imports a program":       {"poll/a.go": `package poll; import _ "` + module + `/bench/report"`},
		"a package without room":            {"helpers/a.go": `package helpers`},
		"import of one without room":        {"runtime/a.go": `package runtime; import _ "` + module + `/helpers"`},
	}
	goodImports = sources{
		"internal/coro/a.go":    `package coro; import _ "` + module + `/internal/getg"; import _ "iter"`,
		"cml/a.go":              `package cml; import _ "` + module + `/internal/wait"`,
		"cml/a_test.go":         `package cml_test; import _ "` + module + `/cml"; import _ "` + module + `/runtime"`,
		"internal/epoll/a.go":   `package epoll; import _ "golang.org/x/sys/unix"`,
		"runtime/a.go":          `package runtime; import _ "` + module + `/internal/epoll"; import _ "` + module + `/cml"`,
		"poll/a.go":             `package poll; import _ "` + module + `/internal/epoll"; import _ "` + module + `/runtime"`,
		"examples/hello/a.go":   `package main; import _ "` + module + `/poll"; import _ "` + module + `/examples/clock"`,
		"bench/a.go":            `package main; import _ "` + module + `/runtime/parallel"`,
		"runtime/parallel/a.go": `package parallel; import _ "` + module + `/runtime"`,
		"runtime/sim/a.go":      `package sim; import _ "` + module + `/runtime"; import _ "` + module + `/internal/simhook"`,
	}

	badThirdParty = map[string]sources{
		"a test library outside tests":  {"cml/a.go": `package cml; import _ "pgregory.net/rapid"`},
		"a name that only begins alike": {"internal/coro/a.go": `package coro; import _ "go.uber.org/atomics"`},
	}
	goodThirdParty = sources{
		"cml/a.go":      `package cml; import _ "go.uber.org/atomic"; import _ "sync"; import _ "` + module + `/internal/wait"`,
		"cml/a_test.go": `package cml; import _ "pgregory.net/rapid"`,
		"poll/a.go":     `package poll; import _ "golang.org/x/sys/unix"`,
		"bench/a.go":    `package main; import _ "example.org/anything"`,
	}
)
