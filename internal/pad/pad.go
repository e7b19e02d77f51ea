// Package pad keeps words of different writers on different cache lines.
package pad

// Size is the distance to keep: two lines of 64 bytes, because processors
// prefetch lines in pairs.
const Size = 128

// A Line between two fields puts them on different lines.
type Line [Size]byte
