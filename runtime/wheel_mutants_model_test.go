//go:build model

package runtime

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/internal/mutants"
)

// What could be forgotten in the wheel's protocol is found by the tests of wheel_model_test.go.
func TestMutantsOfWheelModel(t *testing.T) {
	const locked, fresh, wheel, driver = "wheel_locked.go", "wheel_fresh.go", "wheel.go", "wheel_model_test.go"
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	mutants.Find(t, mutants.Plan{
		Run:   "^TestWheel.*Model$",
		Tags:  "model",
		Files: append(files, driver),
	},
		// H1
		mutants.Change("a posted timer is armed whatever became of it", locked, `if t.state.CompareAndSwap(timerPosted, timerArmed) { // H1`, `if t.state.Store(timerArmed); true {`),
		mutants.Change("drop does not know posted timers", locked, `if t.state.Load() == timerPosted && `, `if t.state.Load() > timerPosted && `),
		mutants.Change("take takes what was dropped", wheel, `t.state.CompareAndSwap(timerArmed, timerTaken) { // H1`, `t.state.Load() != timerTaken { // H1`),
		mutants.Change("cancel does not look at the list", wheel, `	if w.posted.Load() != nil {
		w.settle() // it may be there
	}
	there := `, `	there := `),
		// H2
		mutants.Change("drop does not look whether the owner sleeps", locked, `if w.unattended.Load() { // H2`, `if false {`),
		mutants.Change("look, then drop", locked, `	push(&w.dropped, t)
	if w.unattended.Load() { // H2`, `	asleep := w.unattended.Load()
	push(&w.dropped, t)
	if asleep {`),
		mutants.Change("nextTimer does not look at the lists", wheel, `if w.unsettled() || w.holds()`, `if w.holds()`),
		mutants.Change("look, then say that nobody attends", driver, `			wh.unattended.Store(true)
			w.until = w.rt.nextTimer()
`, `			w.until = w.rt.nextTimer()
			wh.unattended.Store(true)
`),
		// H3
		mutants.Change("a timer is released whoever has it", fresh, `slot.Load() == t && slot.CompareAndSwap(t, nil) // H3`, `slot.Load() == t`),
		mutants.Change("nextTimer does not look at the slots", wheel, `w.unsettled() || w.holds() || `, `w.unsettled() || `),
		// H6
		mutants.Change("who posts does not try again", wheel, `		w.settlePosted() // H6
`, ``),
		mutants.Change("who gives the lock back does not look", locked, `	w.mu.Unlock()
	if w.posted.Load() != nil {
		w.settlePosted()
	}
`, `	w.mu.Unlock()
`),
		mutants.Change("look, then give the lock back", locked, `	w.mu.Unlock()
	if w.posted.Load() != nil {
`, `	posted := w.posted.Load()
	w.mu.Unlock()
	if posted != nil {
`),
		// H7
		mutants.Change("who sets what was posted does not say so", locked, `	w.settling.Store(true) // H7
`, ``),
		mutants.Change("nor who admits", fresh, `	w.settling.Store(true) // H7
`, ``),
		mutants.Change("says so after that", locked, `	w.settling.Store(true) // H7
	for t := w.posted.Swap(nil); t != nil; {`, `	first := w.posted.Swap(nil)
	w.settling.Store(true)
	for t := first; t != nil; {`),
		mutants.Change("who falls asleep looks for that first", wheel, `w.unsettled() || w.holds() || w.settling.Load()`, `w.settling.Load() || w.unsettled() || w.holds()`),
	)
}
