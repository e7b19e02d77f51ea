package runtime

import (
	"fmt"
	"time"
)

// reportStalls serves WithStallReport.
func (rt *Runtime) reportStalls() {
	defer rt.services.Done()
	after, f := rt.conf.stallAfter, rt.conf.stallReport
	reported := map[string]bool{}
	pause := min(max(after/4, 5*time.Millisecond), time.Second)
	for nap(pause, rt.monitor.stop) {
		begin := time.Now()
		r := Examine(rt)
		cost := time.Since(begin)
		pause = min(max(after/4, 50*cost, 5*time.Millisecond), time.Second) // two parts in a hundred of a core at most
		seen, news := map[string]bool{}, false
		for _, key := range r.troubles(after) {
			seen[key] = true
			news = news || !reported[key]
		}
		reported = seen
		if news {
			f(r)
		}
	}
}

// troubles returns a key for each thing that has been in the way for the time after.
func (r *Report) troubles(after time.Duration) (keys []string) {
	for _, d := range r.Deadlocks {
		youngest := d.Fibers[0].For
		key := "deadlock"
		for _, f := range d.Fibers {
			youngest = min(youngest, f.For)
			key += fmt.Sprintf(" %d", f.ID)
		}
		if youngest >= after {
			keys = append(keys, key)
		}
	}
	for _, f := range r.Stuck {
		if f.For >= after {
			keys = append(keys, fmt.Sprintf("stuck %d", f.ID))
		}
	}
	for _, f := range r.Puts {
		if f.For >= after {
			keys = append(keys, fmt.Sprintf("put %d", f.ID))
		}
	}
	for _, h := range r.Hogs {
		if h.For >= after {
			keys = append(keys, fmt.Sprintf("hog %d", h.ID))
		}
	}
	for _, h := range r.Hot {
		if len(h.HeldBy) > 0 && h.Held >= after && h.Oldest >= after {
			keys = append(keys, fmt.Sprintf("held %d by %d", h.ID, h.HeldBy[0]))
		}
	}
	return keys
}
