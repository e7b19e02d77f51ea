package cml

import "fmt"

// The buffer of a channel: a ring. All but room under mu.

// room returns a buffer for n values.
func room[T any](n int) []T {
	made := false
	defer func() {
		if !made {
			panic(fmt.Sprintf("cml: NewBuffered(%d): no memory is that large; a Queue of capacity 0 grows as it must", n))
		}
	}()
	buf := make([]T, n)
	made = true
	return buf
}

// refill lets putters that wait fill the room that there is.
func (c *Chan[T]) refill(ws *wakes) {
	for q := c.puts.first; q != nil && c.n < len(c.buf); q = c.puts.first {
		v := q.v // before the grant: W7
		if q.grant(ws) {
			c.store(v)
		}
	}
}

// store puts v in the buffer, where there is room.
func (c *Chan[T]) store(v T) {
	i := c.head + c.n
	if i >= len(c.buf) {
		i -= len(c.buf)
	}
	c.buf[i] = v
	c.n++
}

// take takes the first value of the buffer, in which there is one.
func (c *Chan[T]) take() T {
	v := c.buf[c.head]
	clear1(&c.buf[c.head])
	c.n--
	if c.head++; c.head == len(c.buf) {
		c.head = 0
	}
	return v
}
