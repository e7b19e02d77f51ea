package cml

// What came of an attempt to do an operation with an object.
type outcome uint8

const (
	mustWait outcome = iota // not now
	met                     // done
	tooLate                 // not done: the performance of who acts had been decided otherwise
)

// An object is something on which operations are performed. All methods but
// mutex and simulatedName are called with the mutex held.
type object[T any] interface {
	mutex() *lock
	// meet does the operation of o if that can be done now.
	meet(o *offer[T], ws *wakes) outcome
	// line returns the queue in which o waits.
	line(o *offer[T]) *queue[T]
	// left is called after an offer was withdrawn, as others may now get ahead.
	left(ws *wakes)
	// simulatedName is the name of an operation of that kind on it, for simulations. It may be
	// called without the mutex.
	simulatedName(k kind) string
}
