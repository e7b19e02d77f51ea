package sim

import (
	"fmt"
	"strings"
)

// A Kind says in which way a run failed.
type Kind uint8

// The kinds of failures.
const (
	// Panic: a panic left a fiber.
	Panic Kind = iota + 1
	// Assertion: Always was false, Eventually did not come true in time, or the test
	// was failed by Error, Fatal and the like.
	Assertion
	// Deadlock: the body waits, nobody can run, and no timer will wake anybody.
	Deadlock
	// Leak: the body has returned, and others wait for ever, or do not end.
	Leak
	// Livelock: more steps than Steps allows.
	Livelock
	// Unreached: what should be so sometimes was so in no run.
	Unreached
	// Diverged: a run was not a function of its seed: repeated, it went another way,
	// or somebody from outside took part.
	Diverged
)

var kindNames = [...]string{
	Panic: "panic", Assertion: "assertion", Deadlock: "deadlock", Leak: "leak", Livelock: "livelock",
	Unreached: "unreached", Diverged: "diverged",
}

// String returns the name of the kind, in small letters.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// A Failure is what Check found.
type Failure struct {
	Kind    Kind
	Seed    uint64 // of the run: Seed makes that run again
	Run     int    // which run it was, from 0
	Message string // what went wrong
	Trace   string // the shortest schedule found that leads there, step by step

	// Steps is how long the failing run was, Shrunk how long the one in Trace is, and
	// Switches how often that passes from one fiber to another.
	Steps, Shrunk, Switches int
	// Replay is a command that makes that run again.
	Replay string

	strategy  string
	stuck     bool // a goroutine is left, which never comes back
	signature string
}

// String returns the whole report, as Test prints it.
func (f *Failure) String() string {
	if f == nil {
		return "no run failed"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "sim: %v", f.Kind)
	if f.strategy != "" {
		fmt.Fprintf(&b, " in run %d, with seed %d, by %s", f.Run, f.Seed, f.strategy)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(f.Message, "\n"))
	if f.Replay != "" {
		fmt.Fprintf(&b, "\nreplay: %s\n", f.Replay)
	}
	if f.Trace != "" {
		fmt.Fprintf(&b, "\nthe schedule (%d steps, %d switches; found with %d steps):\n%s", f.Shrunk, f.Switches, f.Steps, f.Trace)
	}
	return b.String()
}

// sign returns what tells a failure from others of its kind: its first line without
// numbers.
func (f *Failure) sign() string {
	if f.signature == "" {
		line, _, _ := strings.Cut(f.Message, "\n")
		f.signature = strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return '#'
			}
			return r
		}, line)
	}
	switch f.Kind {
	case Panic, Assertion, Unreached:
		return fmt.Sprint(f.Kind, " ", f.signature)
	}
	return f.Kind.String()
}
