//go:build race

package getg

// raced says that atomic operations cost twenty times as much: tests do less of
// the same.
const raced = true
