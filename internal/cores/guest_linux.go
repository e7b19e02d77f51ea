package cores

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Pinning is a guest: the masks that others set are theirs.
//
// Others are the application, which may bind a thread of its own to processors, and who
// looks after the machine (taskset, a cgroup). A mask is ours if we have set it: a pinned
// thread's, until it is given back; and a new thread's that has inherited it. Any other
// change is somebody's:
//
//   - A pinned thread has another mask than its pin's: it is not pinned any more, nor
//     again, and its mask stays.
//   - A thread that was seen before with the mask of the process has another one: likewise.
//     When it has that of the process again, it is as all others.
//   - None of the threads that were never pinned has the mask of the process any more: then
//     somebody has changed the process (taskset -a, a cpuset), and it is followed. There is
//     always such a thread, Go's sysmon. Schedulers whose core is not among the processors
//     that are left run without a pin.
//
// What cannot be told: a thread that binds itself to just the core of a scheduler, less than
// a second old, from one that has inherited that; and one that somebody binds to the core
// that it is pinned to at this moment.
//
// The auditor looks at all threads about once a second while a runtime is at work. In
// between, whoever gives a thread back looks at one that was never pinned, so as not to give
// back a mask that is not the process's any more. All of it is under the lock of the table.

// A nature is what is known of a thread.
type nature uint8

const (
	wasSeen   nature = 1 << iota // by an audit, or by who pinned it: it inherits nothing any more
	wasPinned                    // once
	theirs                       // somebody else has set its mask
)

// Audit gives stray threads the mask of the process back, and finds out what
// others have done.
func Audit() {
	threads.Lock()
	defer threads.Unlock()
	audit()
}

// A threadMask is a thread and its mask.
type threadMask struct {
	tid  int
	mask unix.CPUSet
}

// audit is Audit under the lock.
func audit() {
	tasks, err := os.ReadDir("/proc/self/task")
	whole := Process()
	if err != nil || whole.Count() == 0 {
		return
	}
	if threads.nature == nil {
		threads.nature = make(map[int]nature)
	}
	alive := make(map[int]nature, len(tasks))
	var others []threadMask // with another mask than we gave them
	var strays []int        // that have inherited a pin's
	var back []int          // that were given the mask of the process back
	var union unix.CPUSet   // of those that were never pinned
	var stay, gone bool     // one of those has the mask of the process; has another
	threads.witness = 0
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		var m unix.CPUSet
		if err != nil || unix.SchedGetaffinity(tid, &m) != nil {
			continue
		}
		was := threads.nature[tid]
		alive[tid] = was | wasSeen
		if p := threads.owner[tid]; p != nil {
			if m == p.mask() {
				continue
			}
			delete(threads.owner, tid)
			p.thread.CompareAndSwap(int64(tid), 0)
		}
		switch {
		case m == whole:
			alive[tid] &^= theirs
			if was&wasPinned != 0 {
				back = append(back, tid)
			} else {
				stay = true
				if threads.witness == 0 {
					threads.witness = tid
				}
			}
		case was == 0 && pinnedTo(m):
			strays = append(strays, tid)
		default:
			others = append(others, threadMask{tid, m})
			if was&(wasPinned|theirs) == 0 {
				gone = true
				for i := range union {
					union[i] |= m[i]
				}
			}
		}
	}
	threads.nature = alive
	if gone && !stay {
		process.Store(&union)
	} else {
		union = whole
	}
	for _, tid := range strays {
		_ = unix.SchedSetaffinity(tid, &union)
	}
	for _, o := range others {
		if o.mask != union {
			alive[o.tid] |= theirs
		}
	}
	for tid, p := range threads.owner {
		if _, ok := alive[tid]; !ok {
			delete(threads.owner, tid)
			p.thread.CompareAndSwap(int64(tid), 0)
		}
	}
	if gone && !stay {
		// Who gave one back while the process was changed has undone that for it.
		for _, tid := range back {
			_ = unix.SchedSetaffinity(tid, &union)
		}
		// The rest of our own is pinned where it may no longer be.
		for tid, p := range threads.owner {
			if !union.IsSet(p.core - 1) {
				delete(threads.owner, tid)
				p.thread.CompareAndSwap(int64(tid), 0)
				_ = unix.SchedSetaffinity(tid, &union)
			}
		}
	}
}

// follow looks whether the mask of the process has been changed. The lock is held.
func follow() {
	var m unix.CPUSet
	if w := threads.witness; w == 0 || unix.SchedGetaffinity(w, &m) != nil || m != Process() {
		audit()
	}
}

// giveBack gives a thread that had a mask of ours that of the process. The lock is held.
func giveBack(tid int, ours unix.CPUSet) {
	var m unix.CPUSet
	if unix.SchedGetaffinity(tid, &m) != nil {
		return // it is gone
	}
	if m != ours {
		threads.nature[tid] |= theirs
		return
	}
	follow()
	whole := Process()
	_ = unix.SchedSetaffinity(tid, &whole)
}

// mayPin reports whether the caller's thread may be pinned for p. The lock is held.
func (p *Pin) mayPin(tid int) bool {
	whole := Process()
	if !whole.IsSet(p.core - 1) {
		return false
	}
	var m unix.CPUSet
	if unix.SchedGetaffinity(tid, &m) != nil {
		return true // whoever pins it learns why
	}
	was := threads.nature[tid]
	expected := whole
	if o := threads.owner[tid]; o != nil {
		expected = o.mask()
	}
	if m == expected || was == 0 && pinnedTo(m) {
		return true
	}
	threads.nature[tid] = was | theirs | wasSeen
	return false
}
