package poll

import "time"

// When the process or the system has no descriptor or memory left for a connection,
// accepting does not fail on either backend, where the system tells: the listener rests for a while, longer
// each time, and tries again. What counts as that is exhausted, of each system.

const (
	shortestRest = 5 * time.Millisecond
	longestRest  = time.Second
)

// longerRest returns how long to rest after a rest of last, which was in vain; zero
// is none.
func longerRest(last time.Duration) time.Duration {
	return min(max(2*last, shortestRest), longestRest)
}
