package epoll

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkLook has a scheduler that is busy look for events, of which there are
// none: with descriptors that are watched, which costs a system call, and without.
func BenchmarkLook(b *testing.B) {
	for _, watched := range []int{0, 1, 1000} {
		b.Run(fmt.Sprint("watched=", watched), func(b *testing.B) {
			defer Attach(func() {})() // no driver
			for range watched {
				r, w := pair(b)
				d := new(Desc)
				if err := d.Register(r); err != nil {
					b.Fatal(err)
				}
				defer func() {
					d.Close()
					unix.Close(r)
					unix.Close(w)
				}()
			}
			before := ReadStats().Waits
			b.ReportAllocs()
			for b.Loop() {
				if n, _ := Look(nil); n != 0 {
					b.Fatalf("%d were woken", n)
				}
			}
			waits, want := ReadStats().Waits-before, uint64(0)
			if watched > 0 {
				want = uint64(b.N)
			}
			if waits != want {
				b.Errorf("%d system calls in %d looks", waits, b.N)
			}
		})
	}
}
