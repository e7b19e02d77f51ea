package worksteal_test

import (
	"testing"

	"github.com/seed222ee791/fibers/worksteal"
)

// The fuzz targets read a string of operations: the low two bits of a byte say
// what, the others how often. The model is a slice.

func FuzzDeque(f *testing.F) {
	f.Add(uint64(0), []byte{0xfc, 0xfc, 0xfd, 0xfe, 0xfd, 0xfe, 0xff})
	f.Add(uint64(1<<64-20), []byte{0x10, 0x09, 0x10, 0x0a, 0xfc, 0xfd, 0xfd})
	f.Fuzz(func(t *testing.T, start uint64, ops []byte) {
		o, th := worksteal.NewAt[int](start)
		var model []*int
		for _, op := range ops {
			for range op>>2 + 1 {
				switch op & 3 {
				case 0, 3:
					x := new(int)
					o.Push(x)
					model = append(model, x)
				case 1:
					var want *int
					if n := len(model); n > 0 {
						want, model = model[n-1], model[:n-1]
					}
					if o.Pop() != want {
						t.Fatal("Pop: another element")
					}
				case 2:
					var want *int
					if len(model) > 0 {
						want, model = model[0], model[1:]
					}
					if x, _ := th.Steal(); x != want {
						t.Fatal("Steal: another element")
					}
				}
			}
			if o.Len() != len(model) || th.Len() != len(model) {
				t.Fatalf("Len %d, %d; want %d", o.Len(), th.Len(), len(model))
			}
			o.Check()
		}
	})
}

func FuzzRing(f *testing.F) {
	f.Add(uint64(0), []byte{0xfc, 0xfc, 0xfd, 0xfe, 0xfd, 0xfe, 0xff})
	f.Add(uint64(1<<64-20), []byte{0x10, 0x09, 0x10, 0x0b, 0xfc, 0xfd, 0xfd})
	f.Fuzz(func(t *testing.T, start uint64, ops []byte) {
		o, th := worksteal.NewRingAt[int](start)
		dst, _ := worksteal.NewRingAt[int](^start)
		var model []*int
		for _, op := range ops {
			if n := int(op>>2) + 1; op&3 == 3 {
				k := min((len(model)+1)/2, n)
				first, moved, _ := th.StealHalf(dst, n)
				if k == 0 {
					continue
				}
				if first != model[0] || moved != k-1 || dst.Len() != k-1 {
					t.Fatalf("StealHalf moved %d, want %d", moved, k-1)
				}
				for _, want := range model[1:k] {
					if dst.Pop() != want {
						t.Fatal("StealHalf: another element")
					}
				}
				dst.Pop()
				model = model[k:]
				continue
			}
			for range op>>2 + 1 {
				if op&3 == 0 {
					x := new(int)
					o.Push(x)
					model = append(model, x)
					continue
				}
				var got, want *int
				if len(model) > 0 {
					want, model = model[0], model[1:]
				}
				if op&3 == 1 {
					got = o.Pop()
				} else {
					got, _ = th.Steal()
				}
				if got != want {
					t.Fatal("Pop or Steal: another element")
				}
			}
			if o.Len() != len(model) || th.Len() != len(model) {
				t.Fatalf("Len %d, %d; want %d", o.Len(), th.Len(), len(model))
			}
			o.Check()
		}
	})
}
