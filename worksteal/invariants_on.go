//go:build invariants || race

package worksteal

// invariants turns the assertions of this package on.
const invariants = true
