//go:build model

package cml

import (
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/internal/simsched"
)

// Small cases of the protocols of this package through every order of their
// accesses: run with
//
//	go test -tags model -run 'Model$'

func playAll(t *testing.T, scs []scenario) {
	for _, sc := range scs {
		t.Run(strings.Join(sc.scripts, ", "), func(t *testing.T) { play(t, sc) })
	}
}

// The word of a channel, between parties that wait for nothing else.
func TestEntryModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"a!", "a?"}, want: []string{"a a"}},
		{scripts: []string{"a! a!", "a? a?"}, want: []string{"a a a a"}},
		{scripts: []string{"a! a?", "a? a!"}, want: []string{"a a a a"}},
		{scripts: []string{"a!", "a!", "a?"}, want: []string{"a - a", "- a a"}},
		{scripts: []string{"a?", "a?", "a!"}, want: []string{"a - a", "- a a"}},
		{scripts: []string{"~a!", "a?"}, want: []string{"0 -", "a a"}},
		{scripts: []string{"~a?", "a!", "a!"}, want: []string{"0 - -", "a a -", "a - a"}},
	})
}

// Choices against parties that wait for nothing else: the word with offers that
// may be dead, withdrawing against committing, records used again.
func TestChoiceModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"=a!", "=a?"}, want: []string{"a a"}},
		{scripts: []string{"=a! =a!", "=a? =a?"}, want: []string{"a a a a"}},
		{scripts: []string{"a!|b!", "a?"}, want: []string{"a a"}},
		{scripts: []string{"a?|b?", "a! b!"}, want: []string{"a a -"}},
		{
			scripts: []string{"a!|b!", "a?", "b?"},
			want:    []string{"a a -", "b - b"},
			reach:   []string{"orphaned"},
		},
		{
			scripts: []string{"a?|b? a?", "a!", "b!"},
			want:    []string{"a - a -", "b a a b"},
			reach:   []string{"orphaned"},
		},
		{
			scripts: []string{"a?|b? a?|b?", "a!", "b!"},
			want:    []string{"a b a b", "b a a b"},
			reach:   []string{"orphaned"},
		},
		{scripts: []string{"~a?|b!", "a!|b?"}, want: []string{"0 -", "a a", "b b"}},
		{scripts: []string{"~a?|b!", "a!|b?", "a?"}, want: []string{"0 a a", "a a -", "b b -"}},
		{scripts: []string{"a?|b?", "a?|c?", "a!"}, want: []string{"a - a", "- a a"}},
	})
}

// Two or three published performances that have to agree.
func TestCrossedModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"a!|b?", "a?|b!"}, want: []string{"a a", "b b"}},
		{
			scripts: []string{"a!|b?", "b!|a?"},
			want:    []string{"a a", "b b"},
			reach:   []string{"shared"},
		},
		{scripts: []string{"a!|a?", "a!|a?"}, want: []string{"a a"}, reach: []string{"shared"}},
		{
			scripts: []string{"a!|b?", "b!|a?", "a?|b!"},
			want:    []string{"a a -", "a - a", "b b -", "b - b"},
			reach:   []string{"shared"},
			opts:    []simsched.Option{simsched.Preemptions(3)},
		},
		{
			scripts: []string{"a!|b?", "b!|c?", "c!|a?"},
			want:    []string{"a - a", "b b -", "- c c"},
			reach:   []string{"shared"},
			opts:    []simsched.Option{simsched.Preemptions(3)},
		},
		{
			scripts: []string{"a?|b? a?|b?", "b!|a!", "a!"},
			want:    []string{"a a a a", "a b b a", "b a b a"},
			reach:   []string{"shared"},
			opts:    []simsched.Option{simsched.Preemptions(2)},
		},
	})
}

// Somebody stops for ever, at any step.
func TestFrozenModel(t *testing.T) {
	playAll(t, []scenario{
		{
			scripts: []string{"a!|b?", "b!|a?"},
			want:    []string{"- -", "- a", "- b", "a a", "b b"},
			opts:    []simsched.Option{simsched.Freeze(0), simsched.Preemptions(2)},
		},
		{
			// The first is stopped before it comes, or with the lock of a channel, or has
			// decided the others and not woken them, or is not needed.
			scripts: []string{"a!|b?", "b!|c?", "c!|a?"},
			want:    []string{"- - -", "- - a", "- - c", "- b -", "- c -", "- c c", "a - a", "b b -"},
			opts:    []simsched.Option{simsched.Freeze(0), simsched.Preemptions(2)},
		},
	})
}

// Operations of NewOp: Commit against everything else.
func TestNewOpModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"a?|x?", "a!", "x!"}, want: []string{"a a", "x -"}},
		{scripts: []string{"a!|x?", "a?|b?", "x!"}, want: []string{"a a", "x -"}},
		{scripts: []string{"a!|x? a!", "a?", "x!"}, want: []string{"a - a", "x a a"}},
		{
			scripts: []string{"a?|x? a?|b?", "a! a!", "x!"},
			want:    []string{"a a a a", "x a a -"},
			reach:   []string{"shared", "orphaned"},
		},
		{scripts: []string{"a!|x?", "a?", "x!", "x!"}, want: []string{"a a", "x -"}},
	})
}

// A runtime closes while its fiber waits.
func TestClosingModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"a?", "a!", ">0"}, want: []string{"a a", "- -"}},
		{scripts: []string{"a?", "a?", "a!", ">0"}, want: []string{"a - a", "- a a"}},
		{scripts: []string{"a?|b?", "a!", ">0"}, want: []string{"a a", "- -"}},
		{scripts: []string{"a?|b?", "a!|b!", ">0"}, want: []string{"a a", "b b", "- -"}},
		{
			scripts: []string{"a?|b?", "b!|a!", ">0"},
			want:    []string{"a a", "b b", "- -"},
			opts:    []simsched.Option{simsched.Preemptions(3)},
		},
		{scripts: []string{"+", "+", ">1"}, want: []string{"+ +", "+ -"}},
		{scripts: []string{"s", "s", ">1"}, want: []string{"s s", "- -"}},
	})
}

// Contexts that end: who comes after that finds nobody (W8). What comes to the context
// is only there to be called later.
func TestContextModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"a?|d", "d! ~a! d."}, want: []string{"d 0"}},
		{scripts: []string{"a?|d", "d! ~a!|b! d."}, want: []string{"d 0"}},
		{scripts: []string{"a!|d a?|d", "d! ~a? d."}, want: []string{"d d 0"}},
		{scripts: []string{"a?|d", "~a!", "d! d."}, want: []string{"d 0", "a a"}},
		{
			scripts: []string{"a?|d", "a!|b!", "d! ~a! d."},
			want:    []string{"d - 0", "a a 0"},
			opts:    []simsched.Option{simsched.Preemptions(2)},
		},
		{
			scripts: []string{"a?|d", "a!|b!", "b?", "d! ~a! d."},
			want:    []string{"d b b 0", "a a - 0"},
			opts:    []simsched.Option{simsched.Preemptions(2)},
		},
		{scripts: []string{"+|d", "+", "d! d."}, want: []string{"+ +", "d +"}},
	})
}

// Channels with room.
func TestBufferedModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"a! a!", "a?"}, want: []string{"a a a"}, room: 1},
		{scripts: []string{"a! a! a!", "a?"}, want: []string{"a a - a"}, room: 1},
		{scripts: []string{"a!|b!", "a! b!", "a?"}, want: []string{"a a b a", "b a - a"}, room: 1},
		{scripts: []string{"a! a?|b?", "a!|b?", "a?"}, want: []string{"a a a a"}, room: 1},
	})
}

func TestMutexModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"+", "+"}, want: []string{"+ +"}},
		{scripts: []string{"+", "+", "+"}, want: []string{"+ + +"}},
		{scripts: []string{"=+", "+", "=+"}, want: []string{"+ + +"}},
		{scripts: []string{"+|a?", "+", "a!"}, want: []string{"a + a", "+ + -"}},
	})
}

func TestSwapModel(t *testing.T) {
	playAll(t, []scenario{
		{scripts: []string{"s", "s", "s"}, want: []string{"s s -", "s - s", "- s s"}},
		{scripts: []string{"s|a?", "s|a!"}, want: []string{"s s", "a a"}},
		{scripts: []string{"s|b?", "s", "b!"}, want: []string{"s s -", "b - b"}},
	})
}
