//go:build !invariants && !race

package worksteal

// invariants turns the assertions of this package on. They compile to nothing
// in this build.
const invariants = false
