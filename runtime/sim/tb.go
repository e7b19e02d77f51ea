package sim

import (
	"fmt"
	"strings"
	"testing"
)

// T returns a testing.TB for assertions that take one: what fails it fails the run, as
// Fail does, and not the test itself, so that the schedule can be made shorter. What is
// logged is in the trace. Of the other methods those of the test are called.
func (s *Sim) T() testing.TB { return &runTB{s.r.x.t, s} }

type runTB struct {
	testing.TB
	s *Sim
}

// Helper implements testing.TB.
func (t *runTB) Helper() {}

// Name implements testing.TB.
func (t *runTB) Name() string {
	if t.TB == nil {
		return "sim"
	}
	return t.TB.Name()
}

// Failed implements testing.TB.
func (t *runTB) Failed() bool { return t.s.r.failed() != nil }

// Fail implements testing.TB. The run ends at its next step.
func (t *runTB) Fail() { t.s.r.fail(Assertion, "Fail was called%s", caller()) }

// FailNow implements testing.TB.
func (t *runTB) FailNow() { t.s.fail("FailNow was called") }

// Log implements testing.TB.
func (t *runTB) Log(args ...any) { t.s.Log("%s", strings.TrimSuffix(fmt.Sprintln(args...), "\n")) }

// Logf implements testing.TB.
func (t *runTB) Logf(format string, args ...any) { t.s.Log(format, args...) }

// Error implements testing.TB. The run ends at its next step.
func (t *runTB) Error(args ...any) {
	t.s.r.fail(Assertion, "%s%s", strings.TrimSuffix(fmt.Sprintln(args...), "\n"), caller())
}

// Errorf implements testing.TB. The run ends at its next step.
func (t *runTB) Errorf(format string, args ...any) {
	t.s.r.fail(Assertion, "%s%s", fmt.Sprintf(format, args...), caller())
}

// Fatal implements testing.TB.
func (t *runTB) Fatal(args ...any) { t.s.fail(strings.TrimSuffix(fmt.Sprintln(args...), "\n")) }

// Fatalf implements testing.TB.
func (t *runTB) Fatalf(format string, args ...any) { t.s.fail(fmt.Sprintf(format, args...)) }

// Log adds a line to the trace of the run, if one is made: that of a failure.
func (s *Sim) Log(format string, args ...any) {
	if t := s.r.trace; t != nil {
		t.note(fmt.Sprintf(format, args...))
	}
}
