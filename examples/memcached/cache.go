package main

import (
	"hash/maphash"
	"strconv"
	"time"

	"github.com/seed222ee791/fibers/cml"
)

const shards = 64

// A cache is the entries, by key, in shards.
type cache struct {
	seed   maphash.Seed
	now    func() time.Time
	shards [shards]shard
}

type shard struct {
	mu cml.Mutex
	// Under mu.
	entries map[string]entry
	unique  uint64 // of the last change
}

// An entry is what a key has. Its value is never changed, only replaced, so that
// it can be sent without the lock.
type entry struct {
	value  []byte
	flags  uint32
	unique uint64
	until  time.Time // zero: for ever
}

func newCache() *cache {
	c := &cache{seed: maphash.MakeSeed(), now: time.Now}
	for i := range c.shards {
		c.shards[i].entries = make(map[string]entry)
	}
	return c
}

// with calls f with the shard of key locked.
func (c *cache) with(key string, f func(s *shard)) {
	s := &c.shards[maphash.String(c.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// find returns the entry of key, unless its time is over.
func (c *cache) find(s *shard, key string) (entry, bool) {
	e, ok := s.entries[key]
	if ok && !e.until.IsZero() && !c.now().Before(e.until) {
		delete(s.entries, key)
		return entry{}, false
	}
	return e, ok
}

func (s *shard) put(key string, e entry) {
	s.unique++
	e.unique = s.unique
	s.entries[key] = e
}

// until translates a time of the protocol: seconds from now, or if they are more
// than 30 days, a date; negative is over at once.
func (c *cache) until(seconds int64) time.Time {
	const month = 30 * 24 * 60 * 60
	switch {
	case seconds == 0:
		return time.Time{}
	case seconds > month:
		return time.Unix(seconds, 0)
	}
	return c.now().Add(time.Duration(seconds) * time.Second)
}

func (c *cache) get(key string) (e entry, ok bool) {
	c.with(key, func(s *shard) { e, ok = c.find(s, key) })
	return e, ok
}

// store does set, add, replace and cas, and returns the answer.
func (c *cache) store(command, key string, e entry, seconds int64) (answer string) {
	e.until = c.until(seconds)
	c.with(key, func(s *shard) {
		old, there := c.find(s, key)
		switch {
		case command == "add" && there, command == "replace" && !there:
			answer = "NOT_STORED"
		case command == "cas" && !there:
			answer = "NOT_FOUND"
		case command == "cas" && old.unique != e.unique:
			answer = "EXISTS"
		default:
			s.put(key, e)
			answer = "STORED"
		}
	})
	return answer
}

func (c *cache) remove(key string) (answer string) {
	c.with(key, func(s *shard) {
		if _, ok := c.find(s, key); !ok {
			answer = "NOT_FOUND"
			return
		}
		delete(s.entries, key)
		answer = "DELETED"
	})
	return answer
}

// add does incr and decr: the former wraps, the latter stops at 0.
func (c *cache) add(key string, by uint64, down bool) (answer string) {
	c.with(key, func(s *shard) {
		e, ok := c.find(s, key)
		if !ok {
			answer = "NOT_FOUND"
			return
		}
		n, err := strconv.ParseUint(string(e.value), 10, 64)
		if err != nil {
			answer = "CLIENT_ERROR cannot increment or decrement non-numeric value"
			return
		}
		if down {
			n -= min(n, by)
		} else {
			n += by
		}
		answer = strconv.FormatUint(n, 10)
		e.value = []byte(answer)
		s.put(key, e)
	})
	return answer
}

func (c *cache) touch(key string, seconds int64) (answer string) {
	c.with(key, func(s *shard) {
		e, ok := c.find(s, key)
		if !ok {
			answer = "NOT_FOUND"
			return
		}
		e.until = c.until(seconds)
		s.entries[key] = e
		answer = "TOUCHED"
	})
	return answer
}

func (c *cache) clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		clear(s.entries)
		s.mu.Unlock()
	}
}
