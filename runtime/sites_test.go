package runtime

import (
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
)

// However many learn addresses at once, each has one meaning, and is found.
func TestSpawnSitesStress(t *testing.T) {
	const learners, addresses = 4, 3000
	var table siteTable
	var wg sync.WaitGroup
	var found [learners][addresses]*site
	for l := range learners {
		wg.Go(func() {
			for i := range addresses {
				at := i
				if l%2 == 1 {
					at = addresses - 1 - i
				}
				pc := uintptr(0x400000 + 16*at)
				s := table.of(pc, func(s *site) { s.ours = at%3 == 0 })
				if s.pc != pc || s.ours != (at%3 == 0) {
					t.Errorf("%#x means %+v", pc, s.pc)
				}
				if table.find(pc) != s {
					t.Errorf("%#x is not found", pc)
				}
				found[l][at] = s
			}
		})
	}
	wg.Wait()
	for l := range learners {
		if found[l] != found[0] {
			t.Error("two have learned different things")
		}
	}
	n := 0
	table.each(func(*site) { n++ })
	if n != addresses {
		t.Errorf("there are %d", n)
	}
}

// What was seen of a fiber remains that of this one when another has its record.
func TestWhatWasSeenIsOfThatFiber(t *testing.T) {
	rt, err := New(WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	rt.Watch()
	var l *lookout
	var first FiberInfo
	_ = rt.Run(func() {
		GoNamed("first", earlier)
		l = rt.lookout()
		rt.records.each(func(f *fiber) bool {
			if l.readFiber(f) {
				first = l.info()
			}
			return first.Name != "first"
		})
	})
	if first.Parent == 0 || !strings.HasSuffix(first.Func, ".earlier") {
		t.Fatalf("seen was %+v", first)
	}
	f := l.f
	for rt.Stats().Fibers > 0 { // it may be queued still, behind what Run spawns next
		goruntime.Gosched()
	}
	// The next one with the record may have ended, run by a stand-in, when it is looked at.
	for try := 0; ; try++ {
		seen := false
		_ = rt.Run(func() {
			for range 2 * maxFree { // one of them gets the record
				GoNamed("second", later)
			}
			if f.id() == first.ID {
				t.Fatal("nobody has got the record")
			}
			if again := l.info(); try == 0 && (again.Parent != first.Parent || again.Func != first.Func) {
				t.Errorf("seen was %+v, and then %+v", first, again)
			}
			if seen = l.readFiber(f); !seen {
				return
			}
			if now := l.info(); now.Parent == first.Parent || now.Func == first.Func {
				t.Errorf("seen was %+v, and then %+v", first, now)
			}
		})
		if seen {
			return
		}
		if try == 20 {
			t.Fatal("the one with the record is not seen")
		}
	}
}

func earlier() {}
func later()   {}
