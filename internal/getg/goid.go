package getg

import goruntime "runtime"

// number returns the number of the calling goroutine, read from the first line
// of its stack trace: "goroutine 123 [running]:".
func number() uint64 {
	var line [64]byte
	trace := line[:goruntime.Stack(line[:], false)]
	const prefix = len("goroutine ")
	var n uint64
	for i := prefix; i < len(trace) && '0' <= trace[i] && trace[i] <= '9'; i++ {
		n = n*10 + uint64(trace[i]-'0')
	}
	if n == 0 {
		panic("getg: no goroutine number in the stack trace")
	}
	return n
}
