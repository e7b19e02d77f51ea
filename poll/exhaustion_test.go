package poll

import (
	"errors"
	"testing"
	"time"
)

func TestRestsGrow(t *testing.T) {
	var rest time.Duration
	for i, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000} {
		if rest = longerRest(rest); rest != want*time.Millisecond {
			t.Errorf("rest %d is %v, not %v ms", i, rest, int(want))
		}
	}
}

func TestOtherErrorsAreNoExhaustion(t *testing.T) {
	for _, err := range []error{nil, errors.New("something else")} {
		if exhausted(err) {
			t.Errorf("%v counts as exhaustion", err)
		}
	}
}
