package parallel

import (
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// An offer is a branch made known to others, as a job. Normally that is done when
// a fork finds a scheduler idle, and one at a time. Three things may be wrong with
// that.
//
// None may be idle now, but be soon, and the next fork be far away. So a fiber is
// eager as long as its forks come seldom: it keeps one offer open in any case.
// That costs some 200 ns a fork, at most a tenth of the time between two.
//
// One may not be enough: what a fiber noted before it began a long branch waits
// for the end of that. So if its forks come more seldom still, the fiber is wide:
// it keeps as many offers open as there are other schedulers. A few long branches
// then run all at once: each fiber that takes a part offers what it notes of that,
// and so on. Who begins what a wide fiber has offered is wide. That costs, again, at
// most some 200 ns a fork, a fiftieth of the time between two. How many schedulers
// are idle at the moment does not matter, as whoever is not may be soon.
//
// A fiber begins wide. At each 16th fork it is settled what it will be, by the time
// that these took: below 32 µs it is not eager, below 160 µs not wide. A fiber that
// is not eager does not count its forks, only those from the bottom (with none of
// their type around them), one with others inside as several. When 16 of them have
// taken 160 µs, or fewer of which something was offered, it is wide again; and when
// a piece of a loop has whose grain is chosen. So what follows a fine recursion or
// loop of more than 160 µs finds it wide. What follows a stretch of small ones
// perhaps does not before the 16th fork; nor does a long branch deep inside one that
// was fine till then.
//
// The computation may be too small: to wake a sleeper costs 15 µs, and then it
// comes too late. So when a fiber has waked one and had to take back all that was
// on offer, it becomes shy: it offers without waking, less often if it is not
// eager, and wakes one when an offer still waits after 30 µs of computing; or a
// sleeper that looks around finds it. A job that is taken ends the shyness.
type offers struct {
	// open is the jobs that wait for a taker, as far as is known; the oldest, which
	// is taken first, at the front. Some that were made because the fiber had to
	// wait are left out: there are never more than most.
	open []*job
	most int // as many as there are other schedulers, but 1 at least

	wide  bool          // that is, if also eager
	shy   bool          // offers wake nobody
	quiet bool          // nobody was waked for those that are open
	looks int           // by forks that found a scheduler idle and made no offer
	since time.Duration // beside quiet offers: since when there was work; 0: not known

	forks    int           // since mark, while eager
	mark     time.Duration // of the last reckoning by forks
	roots    int           // since rootMark
	rootMark time.Duration // of the last reckoning by roots
	gave     bool          // a job was made since that was last looked at
}

const (
	reckon      = 16 // forks between two reckonings
	fineForks   = 2 * time.Microsecond
	coarseForks = 10 * time.Microsecond
	shyLooks    = 16 // forks between two offers of a shy fiber
	clockLooks  = 32 // forks between two looks at the clock beside a quiet offer
	worthWaking = 30 * time.Microsecond
)

// feed is called by a fork that finds a scheduler idle, or whose fiber is eager.
func (b *branches) feed() {
	if b.place.Simulated {
		b.feedSimulated()
		return
	}
	if b.place.Eager {
		b.countFork()
	}
	switch {
	case len(b.open) == 0:
		if b.shy && !b.place.Eager {
			if b.looks++; b.looks%shyLooks != 0 {
				return
			}
		}
	case !b.open[0].waiting():
		b.settle()
	case b.quiet:
		b.insist()
	}
	want := 1
	if b.place.Eager && b.wide {
		want = b.most
	}
	for len(b.open) < want && b.give(false) {
	}
}

// feedSimulated is feed in a simulation: each fork may find somebody idle, or not.
func (b *branches) feedSimulated() {
	if yes, _ := simhook.Pick(2); yes == 0 {
		return
	}
	if len(b.open) > 0 && !b.open[0].waiting() {
		b.settle()
	}
	if len(b.open) == 0 && b.give(false) {
		simhook.Woke()
	}
}

// settle forgets the offers that were taken: the oldest is one of them.
func (b *branches) settle() {
	n := 1
	for n < len(b.open) && !b.open[n].waiting() {
		n++
	}
	b.open = slices.Delete(b.open, 0, n)
	b.taken()
}

// taken is called when an offer was found to be taken.
func (b *branches) taken() {
	b.shy, b.quiet, b.since = false, true, 0
}

// insist wakes a sleeper for quiet offers that have waited for long.
func (b *branches) insist() {
	if b.looks++; b.looks%clockLooks != 0 {
		return
	}
	if now := time.Since(b.born); b.since == 0 {
		b.since = now
	} else if now-b.since >= worthWaking {
		b.quiet = false
		b.place.Host.Wake()
	}
}

// countFork ends eagerness if forks come fast, and settles whether the fiber is
// wide.
func (b *branches) countFork() {
	if b.forks++; b.forks < reckon {
		return
	}
	now := time.Since(b.born)
	b.place.Eager = now-b.mark >= reckon*fineForks
	b.wide = now-b.mark >= reckon*coarseForks
	b.forks, b.mark = 0, now
}

// emptied is called when the last frame of a stack has been removed, where there
// were up to so many: it makes the fiber wide if that is seldom.
func (b *branches) emptied(forks int) {
	if b.place.Others == 0 || b.place.Eager && b.wide && forks < reckon {
		return
	}
	if b.roots += forks; b.roots < reckon && !b.gave {
		return
	}
	b.gave = false
	switch now := time.Since(b.born); {
	case now-b.rootMark > reckon*coarseForks:
		b.widen(now)
	case b.roots >= reckon || b.shy: // who is shy seldom comes here for what it gave
		b.roots, b.rootMark = 0, now
	}
}

// widen makes the fiber eager and wide.
func (b *branches) widen(now time.Duration) {
	b.place.Eager, b.wide = b.place.Others > 0, true
	b.forks, b.mark = 0, now
	b.roots, b.rootMark = 0, now
}

// post makes a fiber for a job.
func (b *branches) post(j *job) {
	j.wide = b.place.Eager && b.wide
	b.place.Host.Spawn(&j.ticket, b.shy)
	if len(b.open) == 0 || !b.shy {
		b.quiet = b.shy
	}
	if len(b.open) < b.most {
		b.open = append(b.open, j)
	}
	b.looks, b.since, b.gave = 0, 0, true
}

// forget drops the reference to a job that has ended or was taken. It reports
// whether there was one.
func (b *branches) forget(j *job) bool {
	last := len(b.open) - 1
	if last >= 0 && b.open[last] == j { // the rule: the newest is joined first
		b.open[last] = nil
		b.open = b.open[:last]
		return true
	}
	if i := slices.Index(b.open, j); i >= 0 {
		b.open = slices.Delete(b.open, i, i+1)
		return true
	}
	return false
}

// takeBack reports whether nobody has begun j, which is then the caller's; and
// whether nobody else knows j any more, so that it can be used again.
func (b *branches) takeBack(j *job) (mine, free bool) {
	mine = j.takeBack()
	if mine {
		free = b.place.Host.Retract(&j.ticket)
	}
	switch known := b.forget(j); {
	case !known:
	case !mine:
		b.taken()
	case len(b.open) == 0 && !b.quiet:
		b.shy = true
	}
	return mine, free
}
