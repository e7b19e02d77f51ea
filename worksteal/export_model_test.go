//go:build model

package worksteal

import "unsafe"

// Observe sets what is called before each access to an atomic word.
func Observe(f func(at unsafe.Pointer, write bool)) { observe = f }
