//go:build !race

package getg

const raced = false
