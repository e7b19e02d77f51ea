package runtime

import (
	"sync"
	"time"
)

// The growth of spawn sites: how many fibers of each were alive at each of the last
// seconds, while somebody asks for it.

// historyLength is how many seconds are kept.
const historyLength = 64

// A history is the counts of a site. Under growth.
type history struct {
	alive [historyLength]int64
	n     int // how many there are
}

var growth struct {
	sync.Mutex
	users int
	stop  chan struct{}
	ended chan struct{}
}

// A SiteCount is how many fibers were spawned at a place while somebody watched, and
// how many of them are alive.
type SiteCount struct {
	Site    string // file:line
	Func    string // the function that it is in
	Spawned int64
	Alive   int64
	// Past is how many were alive at each of the last seconds while TrackSites was in
	// effect, the newest last, at most 64.
	Past []int64
}

// TrackSites has the number of fibers of each spawn site noted once a second, by one
// goroutine, for Sites to tell how they grow, until the function that is returned is
// called. It also watches: see Watch.
func TrackSites() (stop func()) {
	unwatch := Watch()
	growth.Lock()
	defer growth.Unlock()
	if growth.users++; growth.users == 1 {
		growth.stop, growth.ended = make(chan struct{}), make(chan struct{})
		go track(growth.stop, growth.ended)
	}
	return sync.OnceFunc(func() {
		unwatch()
		growth.Lock()
		growth.users--
		last := growth.users == 0
		stop, ended := growth.stop, growth.ended
		growth.Unlock()
		if last {
			close(stop)
			<-ended
		}
	})
}

func track(stop, ended chan struct{}) {
	defer close(ended)
	for first := true; ; first = false {
		noteGrowth(first)
		if !nap(time.Second, stop) {
			return
		}
	}
}

// noteGrowth notes how many there are now. A site that comes up between two notes had
// none before.
func noteGrowth(first bool) {
	growth.Lock()
	defer growth.Unlock()
	callSites.each(func(s *site) {
		if s.ours || s.spawned() == 0 {
			return
		}
		h := &s.past
		if h.n == 0 && !first {
			h.n = 1
		}
		if h.n == historyLength {
			copy(h.alive[:], h.alive[1:])
			h.n--
		}
		h.alive[h.n] = s.alive()
		h.n++
	})
}

// Sites returns how many fibers were spawned at each place of the program since
// somebody began to watch, in no order.
func Sites() []SiteCount {
	growth.Lock()
	defer growth.Unlock()
	var all []SiteCount
	callSites.each(func(s *site) {
		if n := s.spawned(); !s.ours && n > 0 {
			all = append(all, SiteCount{
				Site: s.place, Func: s.fn, Spawned: n, Alive: s.alive(),
				Past: append([]int64{}, s.past.alive[:s.past.n]...),
			})
		}
	})
	return all
}
