//go:build !race

package parallel_test

const slow = 1
