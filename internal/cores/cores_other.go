//go:build !linux

package cores

import goruntime "runtime"

// Unpinned calls f: no thread is pinned here.
func Unpinned(f func() error) error { return f() }

// Allowed returns the CPUs that the process may use.
func Allowed() []int {
	cpus := make([]int, goruntime.NumCPU())
	for i := range cpus {
		cpus[i] = i
	}
	return cpus
}
