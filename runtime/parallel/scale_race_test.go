//go:build race

package parallel_test

// slow is how much longer everything takes under the race detector.
const slow = 10
