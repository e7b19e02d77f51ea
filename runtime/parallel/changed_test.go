package parallel

import (
	"strings"
	"testing"
)

// Where the elements change while Sort runs, its halves are not sorted. That came to an
// index of ours that was out of range.
func TestSortOfElementsThatChangeSaysSo(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "parallel: the elements changed") {
			t.Errorf("it panicked with %q", text)
		}
	}()
	// From the front and from the back, all of a is taken.
	mergeOrdered(make([]int, 12), []int{5, 5, 5, 5, 5, 10}, []int{9, 9, 9, 9, 9, 0})
	t.Error("it did not panic")
}
