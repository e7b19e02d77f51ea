//go:build !linux

package harness

import goruntime "runtime"

// memoryMeasure says what resident returns.
const memoryMeasure = "memory that Go has from the system (MemStats: Sys − HeapReleased), in place of RSS"

// Resident returns the bytes of memory that Go holds.
func Resident() (int64, error) {
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased), nil
}
