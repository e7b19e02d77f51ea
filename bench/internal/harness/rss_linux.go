package harness

import (
	"fmt"
	"os"
)

// memoryMeasure says what resident returns.
const memoryMeasure = "RSS"

// Resident returns the bytes of memory that the process occupies.
func Resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, pages int64
	if _, err = fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0, fmt.Errorf("/proc/self/statm: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}
