//go:build !race

package sim_test

// fixedRuns is how often a mended program is run.
const fixedRuns = 2000

// shrinks is how many runs may be made to make a schedule shorter.
const shrinks = 2000
