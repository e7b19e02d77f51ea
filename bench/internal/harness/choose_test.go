package harness

import (
	"maps"
	"regexp"
	"slices"
	"testing"
)

// A row may insist on its number of schedulers, or on the largest one, or need some.
func TestChoosesSchedulers(t *testing.T) {
	workloadOf := func(name string, change func(w *Workload)) *Workload {
		w := &Workload{Suite: "s", Rows: []Row{{Name: name}}}
		change(w)
		return w
	}
	blocks, err := Choose([]*Workload{
		workloadOf("all", func(*Workload) {}),
		workloadOf("eight", func(w *Workload) { w.Exactly = 8 }),
		workloadOf("most", func(w *Workload) { w.Single = true }),
		workloadOf("two", func(w *Workload) { w.Least = 2 }),
		workloadOf("three", func(w *Workload) { w.Least = 3 }),
		workloadOf("asked for", func(w *Workload) { w.OnDemand = true }),
	}, Selection{Match: regexp.MustCompile(""), Schedulers: []int{1, 2}, Everything: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]int{}
	for _, b := range blocks {
		for _, r := range b.results {
			name := b.workload.Rows[0].Name
			got[name] = append(got[name], r.Schedulers)
		}
	}
	want := map[string][]int{"all": {1, 2}, "eight": {8}, "most": {2}, "two": {2}}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("schedulers: %v, must be %v", got, want)
	}
}
