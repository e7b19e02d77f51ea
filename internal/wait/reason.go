package wait

// Reason says what a waiter waits for; it is shown by inspection.
type Reason uint8

// The reasons. Their names are what inspection prints.
const (
	None Reason = iota
	ChanPut
	ChanGet
	Choice
	Sleep
	Await
	Group
	Blocking
	Read
	Write
	Lock // of a Mutex
	Signal
	RWLock
	RWRLock
	Acquire // of a Semaphore
	WaitGroup
	Barrier
	Cond
	IVar
	MVarPut
	MVarTake
	MVarRead
	MVarSwap
	QueuePut
	QueueGet
	Swap
	Port
	Timer
	Tick
	Context
	Custom // an operation of somebody's NewOp
	Forever
	Room // in a group with a limit
	Join // of package parallel
	Observe
	Publish // of a BoundedMulticast
	Thread  // for a blocking call, where they are limited
	Entry   // for the lock of an object, a moment
	numReasons
)

var reasons = [numReasons]struct{ name, kind string }{
	None:      {"park", ""},
	ChanPut:   {"channel put", "channel"},
	ChanGet:   {"channel get", "channel"},
	Choice:    {"choice", "choice"},
	Sleep:     {"sleep", "timer"},
	Await:     {"await task", "task"},
	Group:     {"wait for group", "group"},
	Blocking:  {"blocking call", "goroutine"},
	Read:      {"read", "descriptor"},
	Write:     {"write", "descriptor"},
	Lock:      {"mutex lock", "mutex"},
	Signal:    {"signal", "signal"},
	RWLock:    {"rwmutex lock", "rwmutex"},
	RWRLock:   {"rwmutex rlock", "rwmutex"},
	Acquire:   {"semaphore acquire", "semaphore"},
	WaitGroup: {"waitgroup wait", "waitgroup"},
	Barrier:   {"barrier wait", "barrier"},
	Cond:      {"cond wait", "cond"},
	IVar:      {"ivar read", "ivar"},
	MVarPut:   {"mvar put", "mvar"},
	MVarTake:  {"mvar take", "mvar"},
	MVarRead:  {"mvar read", "mvar"},
	MVarSwap:  {"mvar swap", "mvar"},
	QueuePut:  {"queue put", "queue"},
	QueueGet:  {"queue get", "queue"},
	Swap:      {"swap", "swap"},
	Port:      {"multicast get", "port"},
	Timer:     {"timer", "timer"},
	Tick:      {"tick", "ticker"},
	Context:   {"context done", "context"},
	Custom:    {"operation", "operation"},
	Forever:   {"never", "nothing"},
	Room:      {"wait for group", "group"},
	Join:      {"parallel join", "branch"},
	Observe:   {"wait for change", "variable"},
	Publish:   {"multicast publish", "multicast"},
	Thread:    {"wait for a thread", "limit"},
	Entry:     {"object entry", "object"},
}

// String returns the name that inspection prints.
func (r Reason) String() string {
	if r >= numReasons {
		return "unknown"
	}
	return reasons[r].name
}

// Kind returns what kind of object somebody waits at for this reason, in one word.
func (r Reason) Kind() string {
	if r >= numReasons {
		return "unknown"
	}
	return reasons[r].kind
}

// Outside reports whether such a wait may be ended by something that is no fiber
// and no goroutine at an object: time, a descriptor, a call on another goroutine, or
// what an operation of NewOp stands for.
func (r Reason) Outside() bool {
	switch r {
	case Entry, Sleep, Timer, Tick, Blocking, Thread, Read, Write, Context, Custom, None, Signal, Join:
		return true
	}
	return false
}
