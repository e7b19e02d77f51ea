// Package inspect shows the fibers of a running process: to the gops command, to
// a browser, and to programs, as JSON.
//
// # Roles
//
// The program calls Start, once, from main or wherever it decides that it may be
// looked at, or mounts Handler in a server of its own. Both may be called from
// fibers and from ordinary goroutines, at any time. Whoever looks needs an
// account on the same machine: gops and the page are served at loopback
// addresses only, and neither asks for a password.
//
// # Use
//
//	func main() {
//		stop, err := inspect.Start(inspect.WithAddr("localhost:6060"))
//		if err != nil {
//			log.Fatal(err)
//		}
//		defer stop()
//		…
//	}
//
// Then, in another terminal, or in a browser:
//
//	gops                     # lists the process, with a star
//	gops stack PID           # all stacks; those of named fibers with their names
//	http://localhost:6060/debug/fibers
//	curl 'localhost:6060/debug/fibers?format=json&name=worker&sort=wait'
//	curl 'localhost:6060/debug/fibers/waits?format=json'
//	go run github.com/seed222ee791/fibers/runtime/inspect/fibers top
//
// What the views are stands at Handler. The first line of the page, and the field
// verdicts of its JSON, say what is unusual: a deadlock, fibers that nothing can wake, a
// fiber that keeps a scheduler, a lock that others wait for, fibers that run late, spawn
// sites that grow.
//
// Names come from fibers.GoNamed and Fiber.SetName. In a CPU profile ("gops
// pprof-cpu PID", "go tool pprof -tags") they are the label "fiber".
//
// # Guarantees
//
// Start brings up all that it is asked for or nothing, and stop takes all of it
// back: no goroutine, listener or file is left, and GODEBUG is as it was. At most
// one Start is in effect; another fails with ErrRunning. Without being asked for
// the page, Start touches no runtime. Signals remain the program's; with WithQuitReport the
// report comes at SIGQUIT, before what happens then without it.
//
// The page stops nobody, however many fibers there are, but for an instant where one has
// kept a scheduler for long, to see at which line it is, and takes memory for what it
// shows, not for what it looks at. An answer has at most limit rows for each runtime;
// one request is answered at a time, and what slow readers leave unread is bounded. What
// it says of each fiber was true at some moment during the request; the rows are not
// of one moment. A deadlock is looked at twice. The page names every fiber; the stacks
// name those that bear the label. Requests that a page of another site sends are
// refused (by Sec-Fetch-Site); when served by Start, also those that are not addressed to
// localhost or a loopback address.
//
// # What is not guaranteed
//
// The stacks, and gops stack, come from the Go runtime, which stops the program
// for them: the stacks for an instant, gops stack until it is done, for some
// 12 s with 100 000 fibers, and it gives up after 64 MiB. With very many fibers prefer
// the page to both. The stacks take some 50 µs for each name; a name that one fiber
// gave to another is not in them. Below 128 frames a stack is cut off, and a fiber
// without a name whose stack is deeper is missing.
//
// What is known of spawn sites, parents, objects and holders is of what began while
// somebody watched: call Start first in main. A lock is taken to be given back by the
// fiber that has got it. Of fibers that wait in Go's own ways it is not known for what.
//
// GODEBUG is the environment's, so processes started meanwhile inherit it.
//
// # Lineage
//
// The commands are those of gops; the page is to fibers what net/http/pprof is to
// goroutines, but it does nothing at import, registers itself nowhere, and keeps
// books of its own instead of asking the Go runtime for all stacks.
package inspect
