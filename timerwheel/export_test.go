package timerwheel

import "fmt"

// Check looks through the whole wheel and returns what is wrong with it.
func (w *Wheel) Check() error {
	c := checker{w: w, seen: map[*node]bool{}}
	for l, n := range w.spine {
		used := w.used>>l&1 != 0
		if n == nil {
			if used {
				return fmt.Errorf("spine[%d] is used and nil", l)
			}
			continue
		}
		if used == n.empty() {
			return fmt.Errorf("spine[%d]: used %v, empty %v", l, used, n.empty())
		}
		mask := ^Tick(0)
		if l < numLevels-1 {
			mask = 1<<((l+1)*slotBits) - 1
		}
		if err := c.node(n, l, w.cursor&^mask); err != nil {
			return fmt.Errorf("spine[%d]: %w", l, err)
		}
		for s := range slots {
			if n.has(s) && (s < w.cursor.slot(l) || l > 0 && s == w.cursor.slot(l)) {
				return fmt.Errorf("spine[%d]: slot %d is behind the cursor %d", l, s, w.cursor)
			}
		}
	}
	if w.past != nil {
		before := c.count
		if err := c.node(w.past, numLevels-1, 0); err != nil {
			return fmt.Errorf("past: %w", err)
		}
		if c.count == before {
			return fmt.Errorf("past is there and empty")
		}
	}
	if c.count != w.size {
		return fmt.Errorf("%d timers found, Len is %d", c.count, w.size)
	}
	if w.first != nil && (w.first.wheel != w || w.first.at != c.least) {
		return fmt.Errorf("first is %d, least is %d", w.first.at, c.least)
	}
	for _, n := range w.spares {
		if !n.empty() || *n != (node{nodes: n.nodes}) || n.nodes != nil && *n.nodes != [slots]*node{} {
			return fmt.Errorf("a spare node is not empty")
		}
		if c.seen[n] {
			return fmt.Errorf("a spare node is in use")
		}
		c.seen[n] = true
	}
	if w.cursor > w.now {
		return fmt.Errorf("cursor %d is after now %d", w.cursor, w.now)
	}
	return nil
}

type checker struct {
	w     *Wheel
	seen  map[*node]bool
	count int
	least Tick
}

// node checks n, of that level, whose first tick is base.
func (c *checker) node(n *node, level int, base Tick) error {
	if c.seen[n] {
		return fmt.Errorf("node of level %d is there twice", level)
	}
	c.seen[n] = true
	for s := range slots {
		ring, below := n.rings[s], n.below(s)
		if n.has(s) != (ring != nil || below != nil) {
			return fmt.Errorf("level %d slot %d: used %v, ring %v, below %v", level, s, n.has(s), ring != nil, below != nil)
		}
		start := base + Tick(s)<<(level*slotBits)
		if below != nil {
			if below.empty() {
				return fmt.Errorf("level %d slot %d: the node below is empty", level, s)
			}
			if err := c.node(below, level-1, start); err != nil {
				return err
			}
		}
		for t := ring; t != nil; {
			if t.next.prev != t || t.prev.next != t || t.wheel != c.w {
				return fmt.Errorf("level %d slot %d: ring is broken", level, s)
			}
			if t.at>>(level*slotBits) != start>>(level*slotBits) {
				return fmt.Errorf("timer for %d is in slot %d of level %d, from %d on", t.at, s, level, start)
			}
			if c.count++; c.count == 1 || t.at < c.least {
				c.least = t.at
			}
			if t = t.next; t == ring {
				break
			}
		}
	}
	return nil
}

// Nodes returns how many nodes the wheel holds, spare ones included.
func (w *Wheel) Nodes() int {
	n := len(w.spares) + w.past.count()
	for _, top := range w.spine {
		n += top.count()
	}
	return n
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	all := 1
	for s := range slots {
		all += n.below(s).count()
	}
	return all
}

// Limits of the work and the memory, for tests.
const (
	Few          = few
	MovesPerCall = movesPerCall
	MovesPerFire = movesPerFire
)
