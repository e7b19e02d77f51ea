// Package cores locks the schedulers of an engine to processors, without locked threads,
// as a guest in a process that others bind too.
//
//   - Pin is one scheduler's hold on its core: the thread that carries it is pinned, and
//     pinning heals itself when that is another one.
//   - Audit finds out what others have set, which is theirs, and gives threads that have
//     inherited a pin the processors of the process.
//   - Process and Allowed say which processors those are, and Unpinned starts a child with
//     them though the thread that starts it is pinned.
//
// Only Linux lets a thread be pinned: elsewhere all of it does nothing.
package cores
