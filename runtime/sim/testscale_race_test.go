//go:build race

package sim_test

// fixedRuns is how often a mended program is run; without the race detector it is
// what is claimed.
const fixedRuns = 50

// shrinks is how many runs may be made to make a schedule shorter.
const shrinks = 40
