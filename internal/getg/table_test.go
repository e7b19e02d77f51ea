package getg

import (
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/seed222ee791/fibers/internal/race"
)

func TestTableZero(t *testing.T) {
	var table Table[string]
	if v := table.Get(Get()); v != nil {
		t.Errorf("empty table has %q", *v)
	}
	table.Delete(Get())
	table.Each(func(v *string) bool { t.Errorf("empty table yields %q", *v); return true })
	if n := table.Len(); n != 0 {
		t.Errorf("empty table has %d entries", n)
	}
	if err := table.validate(); err != "" {
		t.Error(err)
	}
}

func TestTableMisuse(t *testing.T) {
	for name, put := range map[string]func(*Table[int]){
		"zero key":  func(table *Table[int]) { table.Put(0, new(int)) },
		"odd key":   func(table *Table[int]) { table.Put(grave, new(int)) },
		"nil value": func(table *Table[int]) { table.Put(448, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var table Table[int]
			defer func() {
				if msg, _ := recover().(string); !strings.HasPrefix(msg, "getg: ") {
					t.Errorf("panic value %q", msg)
				}
				table.Put(448, new(int)) // the lock is free
			}()
			put(&table)
		})
	}
}

func TestTableEachStops(t *testing.T) {
	var table Table[int]
	for key := range keysOfRuntime(10) {
		table.Put(key, new(int))
	}
	calls := 0
	table.Each(func(*int) bool { calls++; return calls < 3 })
	if calls != 3 {
		t.Errorf("f was called %d times after it returned false at the third", calls)
	}
}

// Each holds no lock: what it is given may use the table, and sees every entry
// that is there throughout.
func TestTableEachMayChangeTable(t *testing.T) {
	var table Table[int]
	const n = 200
	keys := slices.Collect(keysOfRuntime(2 * n))
	for _, key := range keys[:n] {
		table.Put(key, new(int))
	}
	seen, next := map[*int]bool{}, n
	table.Each(func(v *int) bool {
		seen[v] = true
		if next < len(keys) {
			table.Put(keys[next], new(int)) // grows while Each is under way
			next++
		}
		return true
	})
	for _, key := range keys[:n] {
		if v := table.Get(key); !seen[v] {
			t.Errorf("entry of key %#x was not seen", key)
		}
	}
}

// validate returns the first invariant of the table that does not hold. Nobody
// else may be using it.
func (t *Table[T]) validate() string {
	a := t.array.Load()
	if a == nil {
		if t.Len() != 0 {
			return "entries without an array"
		}
		return ""
	}
	n, live, graves := len(a.slots), 0, 0
	seen := map[uintptr]bool{}
	for i := range a.slots {
		s := &a.slots[i]
		switch key := s.key.Load(); key {
		case unused, grave:
			if s.value.Load() != nil {
				return "value in a slot without key"
			}
			if key == grave {
				graves++
				if a.slots[(i+1)%n].key.Load() == unused {
					return "grave before an unused slot"
				}
			}
		default:
			live++
			if s.value.Load() == nil {
				return "key without value"
			}
			if seen[key] {
				return "key stands twice"
			}
			seen[key] = true
			for j := a.home(key); j != i; j = (j + 1) % n {
				if a.slots[j].key.Load() == unused {
					return "unused slot between a key and its home"
				}
			}
		}
	}
	switch {
	case live != t.Len():
		return "number of entries is wrong"
	case graves != t.mu.graves:
		return "number of graves is wrong"
	case (live+graves)*4 > n*3:
		return "less than a quarter is unused"
	case n > minCapacity && live < n/8:
		return "table has not shrunk"
	}
	return ""
}

// Against a map, under any sequence of operations. Few keys at a distance that
// makes them meet in the same slots, so that graves and runs of them are common.
func TestTableProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table Table[int]
		model := map[uintptr]*int{}
		stride := rapid.SampledFrom([]uintptr{2, 64, 448, 8192, 1 << 20}).Draw(t, "stride")
		keys := rapid.Custom(func(t *rapid.T) uintptr {
			return stride * uintptr(rapid.IntRange(1, 150).Draw(t, "key"))
		})
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				key, v := keys.Draw(t, "key"), new(int)
				table.Put(key, v)
				model[key] = v
			},
			"put many": func(t *rapid.T) {
				from := rapid.IntRange(1, 100).Draw(t, "from")
				for i := from; i < from+50; i++ {
					key, v := stride*uintptr(i), new(int)
					table.Put(key, v)
					model[key] = v
				}
			},
			"delete": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				table.Delete(key)
				delete(model, key)
			},
			"delete many": func(t *rapid.T) {
				step := rapid.IntRange(1, 3).Draw(t, "step")
				for i := 1; i <= 150; i += step {
					table.Delete(stride * uintptr(i))
					delete(model, stride*uintptr(i))
				}
			},
			"get": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				if got, want := table.Get(key), model[key]; got != want {
					t.Fatalf("Get(%d) = %p, want %p", key, got, want)
				}
			},
			"": func(t *rapid.T) {
				if err := table.validate(); err != "" {
					t.Fatal(err)
				}
				for key, want := range model {
					if got := table.Get(key); got != want {
						t.Fatalf("Get(%d) = %p, want %p", key, got, want)
					}
				}
				if table.Len() != len(model) {
					t.Fatalf("Len() = %d, want %d", table.Len(), len(model))
				}
				each := map[*int]bool{}
				table.Each(func(v *int) bool {
					if each[v] {
						t.Fatal("Each yields a value twice")
					}
					each[v] = true
					return true
				})
				if len(each) != len(model) {
					t.Fatalf("Each yields %d values of %d", len(each), len(model))
				}
			},
		})
	})
}

// Goroutines come and go, so that keys are used again, and look themselves up
// while the table grows and shrinks around them.
func TestTableStress(t *testing.T) {
	type record struct{ key uintptr }
	generations, crowd := 300, 40
	if testing.Short() || race.Enabled {
		generations = 60
	}
	var (
		table Table[record]
		wg    sync.WaitGroup
		reuse sync.Map // keys seen: the test is worth nothing if none comes again
		again int
		mu    sync.Mutex
		away  stdatomic.Int64 // looks of goroutines whose entry is not at home, for which Here takes another way
	)
	member := func(i int) {
		key := Get()
		if _, old := reuse.LoadOrStore(key, true); old {
			mu.Lock()
			again++
			mu.Unlock()
		}
		if r := table.Get(key); r != nil {
			t.Errorf("new goroutine is taken for another: own key %#x, record's %#x", key, r.key)
		}
		if i%5 == 0 { // a plain goroutine
			for range 20 {
				if r := table.Get(key); r != nil {
					t.Errorf("goroutine without entry finds one: own key %#x, record's %#x", key, r.key)
				}
				if r := table.Here(); r != nil {
					t.Errorf("goroutine without entry is taken for another: own key %#x, record's %#x", key, r.key)
				}
				goruntime.Gosched()
			}
			return
		}
		for range 3 {
			own := &record{key}
			table.Put(key, own)
			for range 10 {
				if r := table.Get(Get()); r != own {
					t.Errorf("goroutine %#x does not find its entry but %p", key, r)
				}
				if r := table.Here(); r != own {
					t.Errorf("goroutine %#x does not find its entry by Here but %p", key, r)
				}
				if a := table.array.Load(); a.slots[a.home(key)].key.Load() != key {
					away.Add(1)
				}
				goruntime.Gosched()
			}
			table.Delete(key)
			if r := table.Get(key); r != nil {
				t.Errorf("goroutine %#x finds its deleted entry", key)
			}
		}
	}
	var background sync.WaitGroup
	stop := make(chan struct{})
	background.Go(func() { // makes the table breathe, with keys that no goroutine has
		for {
			for i := range uintptr(500) {
				table.Put(^uintptr(1)-2*i, &record{^uintptr(1) - 2*i})
			}
			for i := range uintptr(500) {
				table.Delete(^uintptr(1) - 2*i)
			}
			select {
			case <-stop:
				return
			default:
				goruntime.Gosched()
			}
		}
	})
	background.Go(func() { // reads all entries
		for {
			table.Each(func(r *record) bool {
				if r.key == 0 {
					t.Error("entry without key")
				}
				return true
			})
			select {
			case <-stop:
				return
			default:
				goruntime.Gosched()
			}
		}
	})
	for g := range generations {
		for i := range crowd * (1 + g%7) {
			wg.Go(func() { member(i) })
		}
		if g%3 != 0 { // generations overlap
			wg.Wait()
		}
	}
	wg.Wait()
	close(stop)
	background.Wait()
	if n := table.Len(); n != 0 {
		t.Errorf("%d entries left", n)
	}
	if err := table.validate(); err != "" {
		t.Error(err)
	}
	if recycled := Get() != uintptr(number()<<1); again == 0 && recycled {
		t.Error("uncovered: no key was used again")
	}
	if away.Load() == 0 {
		t.Error("uncovered: all entries were at home")
	}
}

// A million entries take at most 48 bytes each; after the burst the memory is
// given back.
func TestTableShrinks(t *testing.T) {
	const rest, limit = 100, 48
	n := 1_000_000
	if race.Enabled {
		n = 100_000
	}
	var table Table[int]
	value := new(int)
	most := 0.0
	i := 0
	size := func() int { return cap(table.array.Load().slots) * int(unsafe.Sizeof(slot{})) }
	for key := range keysOfRuntime(n) {
		table.Put(key, value)
		if i++; i > 1000 {
			most = max(most, float64(size())/float64(table.Len()))
		}
	}
	t.Logf("%.1f bytes an entry at %d, %.1f at most on the way", float64(size())/float64(n), n, most)
	if most > limit {
		t.Errorf("%.1f bytes an entry, more than %d", most, limit)
	}
	i = 0
	for key := range keysOfRuntime(n) {
		if i++; i <= n-rest {
			table.Delete(key)
		}
	}
	if bytes := size(); bytes > rest*16*8 {
		t.Errorf("%d bytes for %d entries after the burst", bytes, table.Len())
	}
	if err := table.validate(); err != "" {
		t.Error(err)
	}
	i = 0
	for key := range keysOfRuntime(n) {
		if i++; (table.Get(key) != nil) != (i > n-rest) {
			t.Fatalf("key %#x (number %d): present is %t", key, i, i <= n-rest)
		}
	}
}

// The same few goroutines coming and going for ever neither fill the table with
// graves nor make it grow.
func TestTableChurn(t *testing.T) {
	var table Table[int]
	value := new(int)
	keys := slices.Collect(keysOfRuntime(100_000))
	for i, key := range keys {
		table.Put(key, value)
		if i >= 20 {
			table.Delete(keys[i-20])
		}
		if n := len(table.array.Load().slots); n != minCapacity {
			t.Fatalf("%d slots for %d entries", n, table.Len())
		}
	}
	if err := table.validate(); err != "" {
		t.Error(err)
	}
}
