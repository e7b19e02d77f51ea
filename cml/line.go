package cml

// A queue is a list of offers, first come, first served. It belongs to the lock
// of an object.
type queue[T any] struct {
	first, last *offer[T]
	n           int
	// passed and all before it are offers of passedBy, which need not look at them
	// again: its arms are not compared with each other. Both nil: unknown.
	passed   *offer[T]
	passedBy *state
}

func (q *queue[T]) push(o *offer[T]) {
	o.queue, o.prev, o.next = q, q.last, nil
	q.n++
	if q.last == nil {
		q.first = o
	} else {
		q.last.next = o
	}
	q.last = o
}

// pushFront puts o before all others.
func (q *queue[T]) pushFront(o *offer[T]) {
	o.queue, o.prev, o.next = q, nil, q.first
	q.n++
	if q.first == nil {
		q.last = o
	} else {
		q.first.prev = o
	}
	q.first = o
}

func (q *queue[T]) remove(o *offer[T]) {
	if q.passed == o {
		if q.passed = o.prev; o.prev == nil {
			q.passedBy = nil
		}
	}
	if o.prev == nil {
		q.first = o.next
	} else {
		o.prev.next = o.next
	}
	if o.next == nil {
		q.last = o.prev
	} else {
		o.next.prev = o.prev
	}
	o.queue, o.prev, o.next = nil, nil, nil
	q.n--
}
