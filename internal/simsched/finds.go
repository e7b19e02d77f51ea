package simsched

import (
	"fmt"
	"strings"
)

// Finds runs f, which explores, and returns what it says where it fails, or "" if it does
// not: for a test that is to find a mutant.
func Finds(f func(T)) (said string) {
	r := &recorder{}
	defer func() {
		if v := recover(); v != nil && v != any(r) {
			panic(v)
		}
		if r.failed {
			said = r.log.String()
		}
	}()
	f(r)
	return ""
}

// A recorder is a T that fails no test.
type recorder struct {
	log    strings.Builder
	failed bool
}

func (r *recorder) Helper()                         {}
func (r *recorder) Logf(format string, args ...any) { fmt.Fprintf(&r.log, format+"\n", args...) }
func (r *recorder) Failed() bool                    { return r.failed }

// Fatalf ends f.
func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = true
	r.Logf(format, args...)
	panic(r)
}
