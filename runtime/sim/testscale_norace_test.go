//go:build !race

package sim_test

// fixedRuns is how often a mended program is run.
const fixedRuns = 2000
