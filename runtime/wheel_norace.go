//go:build !race

package runtime

// lookAhead: see A1.
const lookAhead = true
