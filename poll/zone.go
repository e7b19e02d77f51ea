package poll

import (
	"net"
	"strconv"
	"sync"
	"time"

	"go.uber.org/atomic"
)

// The zones of IPv6 addresses are names of interfaces to people, and their numbers to
// the system. To ask for all interfaces takes some 50 µs, ten times as long as to get a
// packet, so what was known is kept: for a minute, or until something is asked for that
// is not there, as in package net. A name that has moved to another number meanwhile is
// found out by then.

// zonesKept is how long.
const zonesKept = time.Minute

// zones is what is known. Readers: any. Writers: who holds the lock.
var zones struct {
	sync.Mutex
	now atomic.Pointer[zoneTable]
}

// A zoneTable is constant.
type zoneTable struct {
	asked time.Time
	names map[int]string
	index map[string]int
}

// zonesAt returns a table in which has finds what it wants, if there is such.
func zonesAt(now time.Time, has func(t *zoneTable) bool) *zoneTable {
	t := zones.now.Load()
	if t != nil && now.Sub(t.asked) < zonesKept && has(t) {
		return t
	}
	zones.Lock()
	defer zones.Unlock()
	if t := zones.now.Load(); t != nil && t.asked.After(now) && has(t) { // somebody else was here
		return t
	}
	fresh := &zoneTable{asked: time.Now(), names: make(map[int]string), index: make(map[string]int)}
	all, err := net.Interfaces()
	if err != nil && t != nil {
		return t
	}
	for _, i := range all {
		if i.Name == "" {
			continue
		}
		fresh.index[i.Name] = i.Index
		if _, ok := fresh.names[i.Index]; !ok {
			fresh.names[i.Index] = i.Name
		}
	}
	zones.now.Store(fresh)
	return fresh
}

// zoneName returns the name of an interface; one that does not exist is its number.
func zoneName(index int) string {
	if index == 0 {
		return ""
	}
	t := zonesAt(time.Now(), func(t *zoneTable) bool { _, ok := t.names[index]; return ok })
	if name, ok := t.names[index]; ok {
		return name
	}
	return strconv.Itoa(index)
}

// zoneIndex returns the number of an interface; a name that is none and begins with a
// number is that.
func zoneIndex(name string) uint32 {
	if name == "" {
		return 0
	}
	t := zonesAt(time.Now(), func(t *zoneTable) bool { _, ok := t.index[name]; return ok })
	if index, ok := t.index[name]; ok {
		return uint32(index)
	}
	const most = 0xFFFFFF
	n := 0
	for _, c := range []byte(name) {
		if c < '0' || c > '9' {
			break
		}
		if n = 10*n + int(c-'0'); n >= most {
			return most
		}
	}
	return uint32(n)
}
