// gcc: -O2 -DSAFETY -DNOFAIR -DMEMLIM=2000
// run: -m20000 -w22
// also: -DSCHEDS=3 -DPUSHES=0 -DOTHERS=0 -DLOOKS=1
// ends: -DLOOKS=1 -DOTHERS=0
// mutant: -DNO_NEEDED
// mutant: -DNEEDED_FIRST
// mutant: -DROLE_FIRST
// mutant: -DMONITOR_QUIET
// mutant: -DSECOND_LOOK -DPUSHES=0 -DOTHERS=0 -DLOOKS=1
// mutant: -DOTHER_QUIET
// mutant: -DNO_WAKE
// mutant: -DENTER_STORE
// mutant: -DLEAVE_STORE
// mutant: -DWAKE_LOST
//
// The poller: when all schedulers sleep and a descriptor is watched, one of them
// waits in epoll.  Go: runtime/poller_linux.go (W4 to W6), runtime/idle.go; the
// role and Wake are those of internal/epoll/poller.go (R3).
//
// Actors
//	sched    SCHEDS  looks in, announces, tries the role, waits in epoll or in its
//	                 futex; work takes any time
//	registrar        registers the first descriptor, and says that a poller is needed
//	peer             the event of that descriptor
//	monitor  LOOKS   looks in, at any time, or leaves that to others; and wakes a
//	                 sleeper if all sleep and it found the role free
//	other    (OTHERS) a scheduler of another runtime that has the role for a while
//	                 and then closes
//	pusher   (PUSHES) gives work to somebody: a wake for another reason
//
// Abstracted: searching is one step, and the queues are left out: see idle.pml.
// Time-outs are left out; they only make a sleeper wake more often.  Memory is
// sequentially consistent, as Go's atomics are.
//
// Checked, when nothing moves: the event has been served; the role is held by one
// who waits in epoll; all sleep, no permit is left, searching is 0.
//
// Names	here			Go
//	role, watched		poller.role, table.n of package epoll
//	word, kick		poller.sleep and its eventfd there
//	parker			scheduler.parker
//	wake_one, wake		wakeForWork and wakeOne, epoll.Wake
//	try_role, give_back	epoll.Acquire, epoll.Release

#ifndef SCHEDS
#define SCHEDS 2
#endif
#ifndef LOOKS
#define LOOKS 2
#endif
#ifndef PUSHES
#define PUSHES 1
#endif
#ifndef OTHERS
#define OTHERS 1
#endif

mtype = { vacant, asleep, polling, permit };    // of a parker
mtype = { running, notified, waiting };         // of epoll

mtype parker[SCHEDS] = vacant;
mtype word = running;
bool kick, role, watched, event, mu;
byte served, searching, nsleep, sleepers;

#define IN(s)   ((sleepers >> (s)) & 1)

inline remove(s) {
	assert(IN(s) && nsleep > 0);
	sleepers = sleepers & ~(1 << (s));
	nsleep--
}

// wake ends the wait in epoll, or the next one.
inline wake() {
	if
	:: atomic { word == waiting -> word = notified } kick = true
	:: atomic { else -> word = notified }
	fi
}

inline give(s) {
	if
	:: atomic { parker[s] == asleep -> parker[s] = permit }    // and the futex
	:: atomic { parker[s] == polling -> parker[s] = permit }
#ifndef NO_WAKE
		wake()
#endif
	:: atomic { parker[s] == vacant -> parker[s] = permit }
	fi
}

inline wake_one() {
	if
	:: nsleep == 0
	:: else ->
		if
		:: searching != 0
		:: atomic { searching == 0 -> searching = 1 }
			if
			:: atomic { !mu && sleepers == 0 -> searching-- }
			:: atomic { !mu && IN(0) -> remove(0) } give(0)
			:: atomic { !mu && IN(1) -> remove(1) } give(1)
#if SCHEDS > 2
			:: atomic { !mu && IN(2) -> remove(2) } give(2)
#endif
			fi
		fi
	fi
}

// try_role sets has.
inline try_role() {
	atomic {
		if
		:: watched && !role -> role = true; has = true
		:: else -> has = false
		fi
	}
}

inline give_back() {
	atomic { assert(role); role = false }
}

// serve takes the events that are there.
inline serve() {
	atomic {
		if
		:: event -> event = false; served++
		:: else
		fi
	}
}

proctype sched(byte me) {
	bool searcher, has;
	mtype was;

top:    // awake: it looks in, and its work takes any time
	try_role();
	if
	:: has -> serve(); give_back()
	:: else
	fi;
	if      // a search
	:: !searcher -> atomic { searching++; searcher = true }
	:: true
	fi;
#ifdef ROLE_FIRST
	try_role();
#endif
	atomic {
		!mu -> sleepers = sleepers | (1 << me); nsleep++;
		if :: searcher -> searching--; searcher = false :: else fi
	}
#ifndef ROLE_FIRST
	try_role();
#endif
	if
	:: !has -> goto futex
	:: else
	fi;
	// enter
#ifdef ENTER_STORE
	parker[me] = polling;
#else
	if
	:: atomic { parker[me] == vacant -> parker[me] = polling }
	:: atomic { else -> assert(parker[me] == permit); parker[me] = vacant }
		give_back();
		goto woken
	fi;
#endif
	// epoll.Wait
	if
	:: atomic { word == running -> word = waiting }
end_p:		if
		:: atomic { kick -> kick = false }
		:: event
		fi;
		word = running          // a swap
	:: atomic { word == notified -> word = running }
	fi;
	serve();
	// leave
#ifdef LEAVE_STORE
	atomic { was = vacant; parker[me] = vacant }
#else
	atomic { was = parker[me]; parker[me] = vacant }
#endif
	give_back();
	if
	:: was == permit -> goto woken
	:: else
	fi;
	if
	:: atomic { !mu && IN(me) -> remove(me) } goto top
	:: atomic { !mu && !IN(me) }    // a waker was faster, and counts on this one
	fi;

futex:
	if
	:: atomic { parker[me] == vacant -> parker[me] = asleep }
	:: atomic { parker[me] == permit -> parker[me] = vacant } goto woken
	fi;
end_f:	atomic { parker[me] == permit -> parker[me] = vacant }

woken:	searcher = true;
	goto top
}

proctype registrar() {
#ifdef NEEDED_FIRST
	wake_one();
	watched = true
#else
	watched = true;
#ifndef NO_NEEDED
	wake_one()
#endif
#endif
}

proctype peer() {
	watched -> event = true
}

proctype monitor() {
	byte i;
	bool has;
	do
	:: i < LOOKS ->
		try_role();
		if
		:: has ->
			serve();
			give_back();
#ifndef MONITOR_QUIET
			if
			:: nsleep == SCHEDS -> wake_one()
			:: else
			fi
#endif
#ifdef SECOND_LOOK
		:: else ->              // another try, of which nothing is said
			try_role();
			if
			:: has -> serve(); give_back()
			:: else
			fi
#else
		:: else
#endif
		fi;
		i++
	:: i < LOOKS -> i++             // others have looked since the last time: it does not
	:: i == LOOKS -> break
	od
}

proctype other() {
	bool has;
	try_role();
	if
	:: has -> serve(); give_back()
	:: else
	fi;
#ifndef OTHER_QUIET
	wake_one()                      // as it closes, it says that a poller is needed
#endif
}

proctype pusher() {
	wake_one()
}

// A Wake that finds nobody is kept for the next wait.
#ifdef WAKE_LOST
active proctype forgetful() {
end_l:	atomic { word == notified -> word = running }
}
#endif

init {
	byte i;
	atomic {
		for (i : 0 .. SCHEDS - 1) { run sched(i) }
		run registrar();
		run peer();
		run monitor();
#if OTHERS > 0
		run other();
#endif
#if PUSHES > 0
		run pusher();
#endif
		i = 0
	}
	// nothing moves any more
	atomic {
		timeout ->
		assert(served == 1 && !event && role && searching == 0 && nsleep == SCHEDS);
		for (i : 0 .. SCHEDS - 1) { assert(IN(i) && (parker[i] == asleep || parker[i] == polling)) }
	}
}
