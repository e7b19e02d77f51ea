// Package frames reads return addresses off the calling goroutine's stack, as
// runtime.Callers does, for those who can afford 20 ns but not 500.
//
// Where the Go compiler keeps frame pointers, Return follows them: each frame
// costs two loads. Elsewhere it is runtime.Callers. What it returns is for
// runtime.CallersFrames, later, by whoever wants to know: functions that were
// inlined appear then, and wrappers that runtime.Callers leaves out (the one of a
// go statement) are there too.
//
// A stack is read only by its own goroutine. What it holds as frame pointers are
// addresses within itself, kept as such while it is read: should it move, they move.
//
// Checked by: TestReturn….
package frames
