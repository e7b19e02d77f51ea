// gcc: -O2 -DSAFETY
// run: -m1000
// ends:
// mutant: -DSTORE_ASLEEP
// mutant: -DLOAD_STORE
// mutant: -DONE_LOOK
// mutant: -DTIMEOUT_STORE
// mutant: -DNO_RING
// mutant: -DCAS_AFTER
// mutant: -DNO_LOOK
// mutant: -DRING_FIRST
//
// The parker: where a root sleeps, with one permit.  Go: internal/parker/parker_linux.go.
//
// Actors: one waiter, whose waits may time out; a waker, which gives its next
// permit when the last one has been taken (the list of idle.pml sees to that).
// The futex is the kernel's: it compares and blocks in one step, and it may
// return for nothing, also by a wake that was meant for an earlier wait. Instead
// of the futex the waiter may take the bell, a Go channel with room for one (park), or
// a timer of the kernel's, which is set to now by who gives the permit (runtime/bell_linux.go).
//
// Checked: every permit is taken exactly once, a time-out loses none, and the
// waiter never sleeps for good beside a permit.
//
// Names: state, empty (here vacant), asleep, parked, belled and permit (permitted) as in Go.
// The sixth state, polling, is in poller.pml.

#define PERMITS  3
#define TIMEOUTS 2
#define NOTHINGS 1      // returns of the futex for nothing

mtype = { vacant, asleep, parked, belled, permit };

mtype state = vacant;
bool infutex;
bool bell;              // it has been rung, and not been heard
bool over;              // the kernel's timer has been set to now
byte given, taken;
byte timeouts = TIMEOUTS, nothings = NOTHINGS;

proctype waiter() {
	bool late;
	do
	:: atomic { taken == PERMITS -> break }
	:: taken < PERMITS ->
		// park
		if
		:: atomic { state == vacant -> state = parked }
		:: atomic { else -> assert(state == permit); state = vacant; taken++; goto next }
		fi;
		if
		:: atomic { bell -> bell = false }
		:: atomic { timeouts > 0 -> timeouts-- };
#ifdef CAS_AFTER
			if
			:: state == parked -> state = vacant; goto next
			:: else
			fi;
#else
			if
			:: atomic { state == parked -> state = vacant; goto next }
			:: atomic { else -> skip }
			fi;
#endif
#ifndef NO_RING
			atomic { bell -> bell = false }
#endif
		fi;
		atomic { assert(state == permit); state = vacant; taken++ }
	:: taken < PERMITS ->
		// the kernel's timer
		if
		:: atomic { state == vacant -> state = belled }
		:: atomic { else -> assert(state == permit); state = vacant; taken++; goto next }
		fi;
set:		over = false;
#ifndef NO_LOOK
		if
		:: state == permit -> goto rung
		:: else
		fi;
#endif
		if
		:: atomic { over -> over = false }
		:: atomic { timeouts > 0 -> timeouts--; late = true }
		fi;
		if
		:: state == permit
		:: else ->
			if
			:: !late -> goto set    // somebody was late with an earlier ring
			:: else
			fi
		fi;
rung:		atomic {        // swap
			if :: state == permit -> taken++ :: else fi;
			state = vacant
		}
		late = false
	:: taken < PERMITS ->
		// wait
#ifdef STORE_ASLEEP
		if
		:: atomic { state == permit -> state = vacant; taken++; goto next }
		:: state != permit -> state = asleep
		fi;
#else
		if
		:: atomic { state == vacant -> state = asleep }
		:: atomic { else -> assert(state == permit); state = vacant; taken++; goto next }
		fi;
#endif
again:		if
		:: atomic { state == asleep -> infutex = true }
		:: atomic { else -> skip }
		fi;
		if
		:: !infutex
		:: atomic { infutex && timeouts > 0 -> timeouts--; infutex = false; late = true }
		:: atomic { infutex && nothings > 0 -> nothings--; infutex = false }
		fi;
#ifdef ONE_LOOK
		atomic { state = vacant; taken++; late = false; goto next }
#endif
		if
		:: atomic { state == permit -> state = vacant; taken++; late = false; goto next }
		:: else
		fi;
		if
		:: !late -> goto again
		:: else
		fi;
#ifdef TIMEOUT_STORE
		state = vacant;
#else
		atomic {        // swap
			if :: state == permit -> taken++ :: else fi;
			state = vacant
		}
#endif
		late = false;
next:		skip
	od
}

proctype waker() {
	do
	:: atomic { given < PERMITS && taken == given -> given++ }
#ifdef LOAD_STORE
		if
		:: state == asleep -> state = permit; infutex = false
		:: state == parked -> state = permit; bell = true
		:: state == belled -> state = permit; over = true
		:: else -> state = permit
		fi
#else
		if
		:: atomic { state == asleep -> state = permit }
			infutex = false         // futex wake
		:: atomic { state == parked -> state = permit }
			atomic { assert(!bell); bell = true }
#ifdef RING_FIRST
		:: state == belled -> over = true; state = permit
#else
		:: atomic { state == belled -> state = permit }
			over = true
#endif
		:: atomic { else -> assert(state == vacant); state = permit }
		fi
#endif
	:: atomic { given == PERMITS -> break }
	od
}

init {
	atomic { run waiter(); run waker() }
	atomic { timeout -> assert(taken == PERMITS && state == vacant && !bell) }
}
