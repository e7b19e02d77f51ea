// gcc: -O2 -DSAFETY -DNOFAIR -DMEMLIM=3500
// run: -m2000 -w22
// also: -DPUSHERS=2 -DSPAWNS=0 -DTIMEOUTS=0
// also: -DSPAWNS=2 -DTIMEOUTS=0
// also: -DGATED -DSPAWNS=2 -DTIMEOUTS=0
// also: -DEVENTS=2 -DSPAWNS=0 -DTIMEOUTS=0
// also: -DCLOSE -DSPAWNS=0 -DTIMEOUTS=0
// ends: -DTIMEOUTS=0
// mutant: -DMISS_RECHECK
// mutant: -DRECHECK_INJECTOR
// mutant: -DSEARCHERS_RECHECK
// mutant: -DDEC_LATE
// mutant: -DDEC_OUTSIDE
// mutant: -DLEAK_SEARCH
// mutant: -DWAKE_FIRST
// mutant: -DDROP_PERMIT
// mutant: -DNO_LAST_WAKE -DSPAWNS=2 -DTIMEOUTS=0
// mutant: -DNO_RECHECK_WAKE -DSPAWNS=2 -DTIMEOUTS=0
// mutant: -DNO_EVENT_WAKE -DEVENTS=2 -DSPAWNS=0 -DTIMEOUTS=0
// mutant: -DNO_STOP_RECHECK -DCLOSE
// mutant: -DSTOP_LATE -DCLOSE
// mutant: -DCLOSE_UNCOUNTED -DCLOSE
//
// The idle protocol: no scheduler sleeps for good beside a runnable fiber.
// Go: runtime/idle.go, and stop in runtime/ending.go.
//
// Actors
//	sched    3  own work, search, announce, recheck, sleep.  It may spawn while
//	            it works, and work takes any time.  A sleep may time out, or
//	            (EVENTS) be that of the poller, who gets work from outside
//	pusher   PUSHERS  a plain goroutine that posts one fiber to the injector
//	closer   (CLOSE) sets stop, then wakes and counts every sleeper
//
// Abstracted: queues are counters, and taking from one is one step that never
// fails for a queue that holds something (a steal that is Lost and then given
// up is not covered).  The places of W2, next and ring, are no queues here.  The list is a
// set of which a waker may take any member.  A section of mu with one write
// that others can see is one step; those with two are two.  The parker is a bit
// here; its three states are parker.pml.  Who polls is poller.pml; stand-ins and
// timers are left out.  A time-out stands for all that wakes a sleeper by itself,
// and an event for all that gives it work meanwhile: timers that are due too.
// Memory is sequentially consistent, as Go's atomics are.
//
// Checked
//	conservation: never is there queued work and a sleeper, while nobody
//	searches, has a push or find to follow up, or is between work and sleep;
//	however long the others' work takes
//	when nothing moves, nothing is queued, all sleep, searching is 0, nsleep is
//	3, and no permit is left over; with CLOSE, all schedulers have ended
//	searching and nsleep never go below 0; no permit is given twice
//	every run ends: there is no cycle at all (the line "ends" above)
//
// Names	here			runtime
//	q, searching, nsleep	the queues, idlers.searching, idlers.nsleep
//	mu, sleepers, permit	idlers.mu, idlers.mu.list, scheduler.parker
//	wake_one, remove	wakeForWork and wakeOne, idlers.remove
//	sched: top to found	find, maySearch, look, doneSearching
//	announce to woken	sleep
//	stop, closer		Runtime.stopping, Runtime.stop

#define N       3               // schedulers
#define INJ     N               // the injector's index in q
#define ALL     7               // the list with every scheduler in it
#ifndef PUSHERS
#define PUSHERS 1
#endif
#ifndef SPAWNS
#define SPAWNS  1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1
#endif

mtype = { look, busy, asleep, gone };           // ghost: what a scheduler is at

byte q[N + 1];                  // local queues, and the injector
byte searching;
byte nsleep;                    // written under mu, read by anyone
byte sleepers;                  // under mu: a set, any member may be popped
bool mu;
bool permit[N];                 // a parker: see parker.pml
bool stop;
byte spawns = SPAWNS;
byte timeouts = TIMEOUTS;
#ifdef EVENTS
byte events = EVENTS;
#endif

// ghosts
mtype st[N] = look;
byte pushed;
byte obliged;                   // foreign pushers between push and return

#define IN(s)   ((sleepers >> (s)) & 1)
#define QUEUED  (q[0] + q[1] + q[2] + q[INJ] > 0)
#define ANY(x)  (st[0] == x || st[1] == x || st[2] == x)
#define OTHER   (v == N -> INJ : (me + v) % N)  // a thief's v-th victim

inline unsearch() {
	assert(searching > 0);
	searching--
}

// remove takes s off the list.  Under mu.
inline remove(s) {
	assert(IN(s) && nsleep > 0);
	sleepers = sleepers & ~(1 << (s));
	nsleep--
}

// give hands s, who is no longer in the list, its permit.
inline give(s) {
	atomic { assert(!permit[s]); permit[s] = true }
}

// wake_one follows a push, and a last searcher's find.
inline wake_one() {
	if
	:: nsleep == 0
	:: else ->
		if
		:: searching != 0
		:: else ->
			if
			:: searching != 0                       // CAS lost
			:: atomic { searching == 0 -> searching = 1 }
				if
#ifdef DEC_OUTSIDE
				:: !mu && sleepers == 0 -> atomic { unsearch() }
#else
#ifdef LEAK_SEARCH
				:: !mu && sleepers == 0
#else
				:: atomic { !mu && sleepers == 0 -> unsearch() }
#endif
#endif
				:: atomic { !mu && IN(0) -> remove(0); w = 0 } give(w)
				:: atomic { !mu && IN(1) -> remove(1); w = 1 } give(w)
				:: atomic { !mu && IN(2) -> remove(2); w = 2 } give(w)
				fi
			fi
		fi
	fi;
	w = 0
}

// wake_rest is wake_one for one who has taken work: with GATED, as in Go, only
// after a look, queue by queue, at whether any is left.
inline wake_rest() {
#ifdef GATED
	do
	:: atomic { v <= N && q[v] > 0 -> v = 0 } wake_one(); break
	:: atomic { v < N && q[v] == 0 -> v++ }
	:: atomic { v == N && q[v] == 0 -> v = 0; break }
	od
#else
	wake_one()
#endif
}

proctype sched(byte me) {
	byte s, v, w;
	bool searcher, polled;

top:    // not a searcher, and nothing in hand
#ifdef CLOSE
	if
	:: atomic { stop -> goto out }
	:: else
	fi;
#endif
	if      // own work first
	:: atomic { q[me] > 0 -> q[me]--; st[me] = busy; goto work }
	:: atomic { else -> s = searching }
	fi;
	if      // at most half of those awake search
	:: 2 * s < N - nsleep ->
		atomic { searching++; searcher = true; s = 0; v = 1 }
	:: atomic { else -> s = 0; goto announce }
	fi;

search: // every queue once
	do
	:: atomic { q[OTHER] > 0 -> q[OTHER]--; v = 0; goto found }
	:: atomic { q[OTHER] == 0 -> v++; if :: v > N -> v = 0; goto announce :: else fi }
	od;

found:
	if
	:: atomic { searching == 1 -> searching = 0; searcher = false }  // the last one
#ifndef NO_LAST_WAKE
		wake_rest()
#endif
	:: atomic { else -> unsearch(); searcher = false; st[me] = busy; goto work }
	fi;
	st[me] = busy;

work:   // for any time; it may spawn
	do
	:: atomic { spawns > 0 -> spawns--; q[me]++; st[me] = look }
		wake_one();
		st[me] = busy
	:: atomic { true -> st[me] = look; goto top }
	od;

announce:
	atomic { !mu -> mu = true; sleepers = sleepers | (1 << me); nsleep++ }
#ifdef SEARCHERS_RECHECK
	if :: !searcher -> mu = false; goto wait :: else fi;
#endif
#ifdef DEC_LATE
	mu = false;
#else
	atomic {
		if :: searcher -> unsearch(); searcher = false :: else fi;
		mu = false
	}
#endif
#ifdef MISS_RECHECK
	goto wait;
#endif
	// look again, now that every push sees a sleeper
#ifdef RECHECK_INJECTOR
	v = N;
#else
	v = 1;
#endif
	do
	:: atomic { q[OTHER] > 0 -> v = 0; break }
	:: atomic { q[OTHER] == 0 -> v++; if :: v > N -> v = 0; goto quiet :: else fi }
	od;
visible:
#ifdef DEC_LATE
	atomic { if :: searcher -> unsearch(); searcher = false :: else fi }
#endif
	if      // something is visible
	:: atomic { !mu && IN(me) -> remove(me); v = 1 }
#ifdef DROP_PERMIT
	:: atomic { !mu && !IN(me) -> goto top }
#else
	:: atomic { !mu && !IN(me) -> goto wait }       // a waker was first
#endif
	fi;
	do      // take what is left of it
	:: atomic { q[OTHER] > 0 -> q[OTHER]--; v = 0; break }
	:: atomic { q[OTHER] == 0 -> v++; if :: v > N -> v = 0; goto top :: else fi }
	od;
#ifndef NO_RECHECK_WAKE
	wake_rest();
#endif
	atomic { st[me] = busy; goto work }

quiet:
#if defined(CLOSE) && !defined(NO_STOP_RECHECK)
	if :: stop -> goto visible :: else fi;
#endif
wait:
#ifdef DEC_LATE
	atomic { if :: searcher -> unsearch(); searcher = false :: else fi }
#endif
	st[me] = asleep;
end:	if
	:: atomic { permit[me] -> permit[me] = false; st[me] = look; goto woken }
	:: atomic { timeouts > 0 -> timeouts--; st[me] = look }
#ifdef EVENTS
	:: atomic { events > 0 -> events--; q[me]++; polled = true; st[me] = look }
		do
		:: atomic { events > 0 -> events--; q[me]++ }
		:: true -> break
		od
#endif
	fi;
	if      // timed out, or polled
	:: atomic { !mu && IN(me) -> remove(me); assert(!permit[me]) }
	:: atomic { !mu && !IN(me) -> goto wait }       // a waker was first
	fi;
	if
	:: atomic { polled && q[me] > 0 -> polled = false; q[me]-- }
	:: atomic { else -> polled = false; goto top }
	fi;
#ifndef NO_EVENT_WAKE
	wake_rest();
#endif
	atomic { st[me] = busy; goto work }

woken:  // by a waker, who has counted this one as a searcher
	searcher = true;
#ifdef CLOSE
	if
	:: stop -> goto out
	:: else
	fi;
#endif
	if      // what it got while it was the poller
	:: atomic { polled && q[me] > 0 -> polled = false; q[me]--; goto found }
	:: atomic { else -> polled = false; v = 1; goto search }
	fi;

out:	atomic {
		if :: searcher -> unsearch(); searcher = false :: else fi;
		st[me] = gone
	}
}

// Foreign pushers are alike, so they may as well push in order.
proctype pusher(byte me) {
	byte w;
#ifdef WAKE_FIRST
	obliged++;
	wake_one();
	atomic { pushed == me -> pushed++; q[INJ]++; obliged-- }
#else
	atomic { pushed == me -> pushed++; q[INJ]++; obliged++ }
	wake_one();
	obliged--
#endif
}

proctype closer() {
	byte n, s;
#ifndef STOP_LATE
	stop = true;
#endif
	atomic { !mu -> mu = true; s = sleepers; sleepers = 0;
#ifndef CLOSE_UNCOUNTED
		searching = searching + (s & 1) + ((s >> 1) & 1) + ((s >> 2) & 1)
#endif
	}
	atomic { nsleep = 0; mu = false }
	do
	:: atomic { n < N && ((s >> n) & 1) } give(n); n++
	:: atomic { n < N && !((s >> n) & 1) -> n++ }
	:: n == N -> break
	od;
#ifdef STOP_LATE
	stop = true
#endif
}

// Work conservation at every stable point: no work is queued and nobody on the
// way to it while a scheduler sleeps, however long the others are busy.
active proctype conservation() {
end:	atomic {
		QUEUED && ANY(asleep) && !ANY(look) && searching == 0 && obliged == 0 && !stop ->
		assert(false)
	}
}

init {
	byte n;
	atomic {
		for (n : 0 .. N - 1) { run sched(n) }
		for (n : 1 .. PUSHERS) { run pusher(n - 1) }
#ifdef CLOSE
		run closer();
#endif
		n = 0
	}
	// nothing moves any more
	atomic {
		timeout ->
		assert(searching == 0 && obliged == 0 && !mu);
#ifdef CLOSE
		for (n : 0 .. N - 1) { assert(st[n] == gone && !permit[n]) }
		assert(sleepers == 0 && nsleep == 0);
#else
		for (n : 0 .. N - 1) { assert(st[n] == asleep && !permit[n]) }
		assert(sleepers == ALL && nsleep == N);
		assert(!QUEUED);
#endif
	}
}
