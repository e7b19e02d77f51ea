// Package poll is I/O for fibers: sockets, pipes, other descriptors, processes and
// signals, whose waits park the calling fiber alone. It looks like package net, and
// what it gives are net.Conn, net.Listener and net.PacketConn, so that crypto/tls,
// bufio, http.Server, http.Transport and others run over it as they are.
//
// # Who may call
//
// Everything may be called from fibers (package runtime) and from plain goroutines,
// also at the same time on the same connection: reads beside writes, and several of
// each. Whatever waits comes as a call and as an operation of package cml: Accept
// and AcceptOp, Dial and DialOp, Read and ReadableOp. A Reader and a Writer have whole
// reads and writes as operations: see NewReader.
//
// # The canonical loop
//
//	l, err := poll.Listen("tcp", addr)
//	…
//	for {
//		c, err := l.Accept()
//		if err != nil {
//			return err
//		}
//		fibers.Go(func() {
//			defer c.Close()
//			serve(c)
//		})
//	}
//
// The example of this package is that loop, to run.
//
// # What is guaranteed
//
//   - What programs see is what package net shows them: values, errors with all that
//     is in them (*net.OpError; of files, those of package os), options in the kernel.
//     A test runs the same programs over both; docs/io.md has what differs.
//   - Errors past a deadline are os.ErrDeadlineExceeded and their Timeout is true;
//     after Close they are net.ErrClosed.
//   - Close wakes all who wait, calls and operations, in both directions. When it
//     returns the descriptor is closed; its number is not used by any call that was
//     under way.
//   - A deadline that is set wakes those who wait and are past it by then.
//   - Write writes all or fails, and does not mix with others' writes.
//   - An operation that loses a choice has done nothing and leaves nothing.
//   - Accept survives a shortage of descriptors and memory.
//   - io.Copy from files and connections to a connection keeps the data out of the
//     program where package net does.
//   - A Write synchronizes before the return of the Read that gets it, also as the
//     race detector sees it.
//   - When the runtime of a fiber that waits closes, the fiber ends there, as by
//     runtime.Goexit; the connection stays as it is. What a call is making then, a
//     process, a file, a listener, is returned.
//   - An operation that is tried asks the system: cml.Poll of ReadableOp or WaitOp
//     fails only if there is nothing.
//   - No call blocks the process, whatever others do to a descriptor that they share.
//
// # What is not
//
//   - That ReadableOp was ready does not mean that Read will not wait: another may
//     have been faster.
//   - Who calls net/http, package net or os from a fiber blocks a scheduler, as
//     these wait in Go's way: see fibers.Blocking. Handlers of http.Server are
//     goroutines.
//   - In the portable backend (see below) a fiber's wait holds a goroutine, and
//     ReadableOp may find out only by waiting, so that cml.Poll of it fails.
//
// # How it is built
//
// On Linux all descriptors are registered, once and edge-triggered, with the one
// epoll instance of package epoll, in which an idle scheduler or a goroutine waits.
// A call tries first, with a system call that cannot block, and parks only when there
// was nothing.
// A read that returns less than was asked for has emptied a TCP connection, so that
// the next one parks at once. Elsewhere, and where epoll is refused, everything is
// done by package net, each wait of a fiber by a goroutine; epoll.ReadStats tells
// which. The contract between the two is in backend.go.
//
// Names are looked up by net.Resolver, on a goroutine. Regular files, which no
// system can wait for, are read by goroutines too: see Open.
//
// # Lineage
//
// Package net of Go, and its internal/poll, for what is promised to callers; Guile
// Fibers for readiness as operations; RFC 8305 for dialing several addresses.
package poll
