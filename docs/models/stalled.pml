// gcc: -O2 -DSAFETY -DNOFAIR -DMEMLIM=3500
// run: -m20000 -w22
// also: -DPUSHERS=0 -DPOSTS=3
// also: -DPUSHERS=0 -DPOSTS=2 -DCAST=3
// also: -DPUSHERS=0 -DEVENTS=1
// ends: -DPUSHERS=0 -DEVENTS=1
// mutant: -DNO_ATTEND
// mutant: -DCOUNT_LATE
// mutant: -DNO_PLUNDER
// mutant: -DDROP_EARLY -DPOSTS=3
// mutant: -DLOOK_FIRST
// mutant: -DNO_LAST_LOOK -DPUSHERS=0 -DEVENTS=1
// mutant: -DSLEEP_UNSEATED
// mutant: -DREPLACE_SLEEPER
// mutant: -DQUIET_END
// mutant: -DRECLAIM_SILENT
// mutant: -DRECLAIM_BLIND
// mutant: -DDROP_STALE -DPUSHERS=0 -DPOSTS=3 -DCAST=3
//
// Stalled schedulers: no work is left where nobody comes, and no seat is left empty or held twice,
// when stand-ins take the seats of schedulers whose fiber waits in Go's way.
// Go: runtime/stalled.go, with what it needs of runtime/idle.go.
//
// Actors
//	sched    CAST (2) schedulers for one seat. The first begins with it, and a fiber.
//	            The others are understudies: one at a time takes the seat, when it
//	            likes, also by mistake. A fiber posts work, parks, ends, or waits in Go's
//	            way: for good once the seat is gone
//	            With EVENTS, one that sleeps gets two fibers by itself, as the poller
//	pusher   PUSHERS (1)  a plain goroutine that posts one fiber to the injector
//
// Abstracted: the three queues of a scheduler are one counter, and taking from it never
// fails for one that holds something. A stand-in takes one fiber from its stalled scheduler at once
// and leaves the rest to be stolen. Searching before sleep is left out, the count of
// searchers is there, for those who are woken. What the fiber does is one of four things at
// any time. Memory is sequentially consistent, as Go's atomics are.
//
// Checked
//	when nothing moves: nothing is queued; whoever has the seat sleeps; all who lost it
//	have ended, but for one whose fiber waits in Go's way; attend is the number of sleepers
//	and of stalled schedulers, searching is 0, and no permit is left over
//	nsleep, attend and searching never go below 0; no permit is given twice
//	every run ends: there is no cycle (the line "ends" above)
//
// Names	here			runtime
//	q, inj			the queues, the injector
//	mu			rt.mu and idle.mu, which replace and reclaim hold both
//	seat, victim		Runtime.schedulers, Runtime.legacies
//	attend, nsleep, searching, unseated	likewise
//	post			runNext, wakeForWoken, posted; attend
//	replace, reclaim, retire	likewise

#ifndef POSTS
#define POSTS   2
#endif
#ifndef PUSHERS
#define PUSHERS 1
#endif
#ifndef EVENTS
#define EVENTS  0
#endif
#ifndef CAST
#define CAST    2
#endif

mtype = { understudy, at_work, asleep, blocked, gone };

byte q[3], inj;
byte attend, nsleep, searching;
bool mu, permit[3], unseated[3], listed[3];
bool victim[3];                 // without a seat, and perhaps not empty
byte seat;                      // who has it
byte posts = POSTS;
byte reclaims = 1;
byte drops = 1;
byte events = EVENTS;
mtype st[3] = understudy;       // ghost
byte next = 1;                  // the understudy whose turn it is

inline lock()   { atomic { !mu -> mu = true } }

inline remove(s) {
	assert(listed[s] && nsleep > 0 && attend > 0);
	listed[s] = false; nsleep--; attend--
}

// wake_one: see idle.pml. Here at most one sleeps.
inline wake_one() {
	if
	:: nsleep == 0
	:: else ->
		if
		:: searching != 0
		:: atomic { searching == 0 -> searching = 1 }
			if
			:: atomic { !mu && nsleep == 0 -> assert(searching > 0); searching-- }
			:: atomic { !mu && nsleep > 0 ->
				w = (listed[0] -> 0 : (listed[1] -> 1 : 2));
				remove(w); assert(!permit[w]); permit[w] = true; w = 0 }
			fi
		fi
	fi
}

// disown moves all of s's to the injector.
inline disown(s) {
	do
	:: atomic { q[s] > 0 -> q[s]--; inj++ }
	:: atomic { q[s] == 0 -> break }
	od
}

proctype sched(byte me) {
	byte v, w;
	bool searcher;

	if
	:: me == 0 -> st[0] = at_work; goto fiber
	:: else
	fi;

	// understudy: replace
endUnderstudy:
	atomic { next == me && !mu -> mu = true; v = seat }
	if
#ifndef REPLACE_SLEEPER
	:: listed[v] -> mu = false; v = 0; goto endGaveUp
#endif
	:: else
	fi;
#ifdef COUNT_LATE
	atomic { unseated[v] = true; seat = me; st[me] = at_work }
	// the stand-in empties the queues before the stalled scheduler is counted
#else
	unseated[v] = true;
	atomic { attend++; seat = me; st[me] = at_work };
#endif
#ifndef NO_PLUNDER
	if
	:: atomic { q[v] > 0 -> q[v]--; q[me]++;
#ifndef DROP_EARLY
		victim[v] = true
#endif
		}
	:: atomic { q[v] == 0 }
	fi;
#endif
#ifdef COUNT_LATE
	attend++;
#endif
	atomic { mu = false; v = 0; next++; goto root }
endGaveUp:      // it finds somebody stalled later, or never
	atomic { next == me && nsleep == 0 -> goto endUnderstudy }

fiber:  // a fiber runs
	do
	:: atomic { posts > 0 -> posts--;
#ifdef LOOK_FIRST
		w = (unseated[me] -> 1 : 0) }
		q[me]++;
		if :: w == 1 -> w = 0; disown(me); wake_one() :: else -> wake_one() fi
#else
		q[me]++ }
#ifdef NO_ATTEND
		wake_one()
#else
		if
		:: attend == 0
		:: attend > 0 ->
			if
			:: !unseated[me] -> wake_one()
			:: unseated[me] ->
				if
				:: atomic { reclaims > 0 && !mu && listed[seat] -> mu = true; reclaims--; v = seat }
					// the stand-in sleeps: it is woken and ends
					atomic { searching++; remove(v); unseated[v] = true; unseated[me] = false; seat = me;
						victim[me] = false; mu = false }
#ifndef RECLAIM_SILENT
					atomic { assert(!permit[v]); permit[v] = true; v = 0 }
#endif
					wake_one()
				:: atomic { reclaims > 0 && !mu && st[seat] == at_work && !listed[seat] && seat != me -> mu = true; reclaims--; v = seat }
					// it is about to look for work; or, by mistake, it runs some
					atomic { unseated[v] = true; unseated[me] = false; seat = me; victim[me] = false }
#ifndef RECLAIM_BLIND
					if
					:: atomic { q[v] > 0 -> q[v]--; q[me]++; victim[v] = true }
					:: atomic { q[v] == 0 }
					fi;
#endif
					atomic { mu = false; v = 0 }
					wake_one()
				:: true -> disown(me); wake_one()
				fi
			fi
		fi
#endif
#endif
	:: true -> break        // it parks, or ends
	:: atomic { unseated[me] -> st[me] = blocked }
endBlocked:	false
	od;

root:   // nobody runs here; next: own work, the injector, what stalled schedulers have left
	if
	:: unseated[me] -> goto retire
	:: else
	fi;
	if
	:: atomic { q[me] > 0 -> q[me]--; goto found }
	:: atomic { q[me] == 0 && inj > 0 -> inj--; goto found }
	:: atomic { q[me] == 0 && inj == 0 && victim[0] && q[0] > 0 && me != 0 -> q[0]--; goto found }
	:: atomic { q[me] == 0 && inj == 0 && victim[1] && q[1] > 0 && me != 1 -> q[1]--; goto found }
	:: atomic { q[me] == 0 && inj == 0 && drops > 0 && victim[0] && q[0] == 0 && me != 0 -> drops-- }
		// it has seen that the stalled scheduler's queues are empty: it is no victim any more
		atomic { !mu ->
#ifdef DROP_STALE
			if :: unseated[0] -> victim[0] = false :: else fi
#else
			if :: unseated[0] && q[0] == 0 -> victim[0] = false :: else fi
#endif
		}
		goto root
	:: atomic { q[me] == 0 && inj == 0 && !(victim[0] && q[0] > 0 && me != 0) && !(victim[1] && q[1] > 0 && me != 1) }
	fi;

	lock();
#ifndef SLEEP_UNSEATED
	if
	:: unseated[me] -> mu = false; goto retire
	:: else
	fi;
#endif
	atomic {
		listed[me] = true; nsleep++; attend++;
		if :: searcher -> assert(searching > 0); searching--; searcher = false :: else fi;
		mu = false
	}
	// recheck
	if
	:: atomic { inj > 0 || (victim[0] && q[0] > 0 && me != 0) || (victim[1] && q[1] > 0 && me != 1) -> skip }
		if
		:: atomic { !mu && listed[me] -> remove(me); goto root }
		:: atomic { !mu && !listed[me] }
		fi
	:: atomic { !(inj > 0 || (victim[0] && q[0] > 0 && me != 0) || (victim[1] && q[1] > 0 && me != 1)) -> skip }
	fi;
	st[me] = asleep;
endAsleep:
	if
	:: atomic { permit[me] -> permit[me] = false; searcher = true; st[me] = at_work; goto root }
	:: atomic { events > 0 -> events = 0; st[me] = at_work }        // as the poller it gets two
	fi;
	q[me]++; q[me]++;
	if
	:: atomic { !mu && listed[me] -> remove(me) }
	:: atomic { !mu && !listed[me] } permit[me] -> permit[me] = false; searcher = true
	fi;
	if
	:: atomic { q[me] > 0 -> q[me]--; goto found }
	:: atomic { q[me] == 0 -> goto root }
	fi;

found:  // what is looked at last, before the switch
#ifndef NO_LAST_LOOK
	if
	:: unseated[me] -> inj++; goto retire
	:: else
	fi;
#endif
	if
	:: searcher ->
		atomic { assert(searching > 0); searching--; searcher = false }
		wake_one()
	:: else
	fi;
	goto fiber;

retire:
	if
	:: searcher -> atomic { assert(searching > 0); searching--; searcher = false } wake_one()
	:: else
	fi;
	disown(me);
	atomic { !mu -> victim[me] = false }
	atomic { assert(attend > 0); attend--; st[me] = gone }
#ifndef QUIET_END
	wake_one()
#endif
}

proctype pusher() {
	byte w;
	inj++;
	wake_one()
}

init {
	byte n, held, kept;
	atomic {
		for (n : 0 .. CAST - 1) { run sched(n) }
	#if PUSHERS > 0
		for (n : 1 .. PUSHERS) { run pusher() }
#endif
		n = 0
	}
	atomic {
		timeout ->
		assert(!mu && searching == 0);
		for (n : 0 .. CAST - 1) {
			assert(!permit[n] && q[n] == 0);
			if
			:: n == seat -> assert(st[n] == asleep && listed[n] && !unseated[n])
			:: st[n] == blocked -> assert(unseated[n]); kept++
			:: else -> assert(st[n] == gone || (st[n] == understudy && n != 0))
			fi
		}
		assert(inj == 0 && nsleep == 1 && attend == nsleep + kept)
	}
}
