// Package epoll tells who waits for a descriptor when it is ready. It is the one
// place of the process in which anybody waits for descriptors: one epoll
// instance, opened when the first descriptor is registered and closed when none
// is left.
//
// # Roles
//
// An owner has a Desc for each of its descriptors, and those who read and write
// wait at it, each direction by itself. They are fibers or goroutines alike
// (internal/wait), or operations that want to be called (Subscribe). Package poll
// is such an owner; users of the module have no need of this one.
//
// The poller is who waits in the kernel: one party at a time, which has taken the
// role by Acquire and gives it back by Release. Where no engine is attached it is
// a goroutine of this package, the driver. An engine that attaches polls instead,
// on its own schedulers: an idle one waits here where it would otherwise sleep,
// and busy ones look in now and then (Look).
//
// # The canonical loop
//
// A descriptor is registered once, edge-triggered, for everything, and never
// again. So who reads tries first, and waits only when there was nothing:
//
//	for {
//		ticket, state := d.Begin(epoll.In)
//		if state is Closed or Expired {
//			return its error
//		}
//		if state is Ready {
//			n, err := read
//			if err is not EAGAIN {
//				return n, err
//			}
//			d.Drained(epoll.In, ticket)
//			continue
//		}
//		d.Wait(epoll.In)
//	}
//
// and the loop of an engine's idle scheduler:
//
//	if epoll.Acquire() {
//		epoll.Wait(untilTheNextTimer, enqueue)
//		epoll.Release()
//	} else {
//		sleep elsewhere
//	}
//
// # What is guaranteed
//
// An event that comes after Begin wakes a Wait that follows, whatever Drained did
// in between. Close and Expire wake all who wait. An event of a descriptor that
// is closed disturbs no other one, though that has the number by now. What
// happened before an event, Expire or Close was noted happened before the return
// of the Wait that it ended.
//
// # What is not
//
// A Wait may return for nothing. All who wait for a direction are woken by each
// event: whoever comes too late waits again. On systems other than Linux, and
// where epoll is refused, Register fails, and says so: package poll has another
// way then.
//
// # Lineage
//
// The poll descriptors of the Go runtime (one for each direction, edge-triggered,
// never re-armed); the tickets and short reads of Tokio's readiness.
package epoll
