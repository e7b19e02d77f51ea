// gcc: -O2 -DSAFETY
// run: -m20000
// also: -DCLOSE
// also: -DLOOP
// also: -DLOOP -DCLOSE
// ends:
// ends: -DLOOP
// mutant: -DSTART_STORE
// mutant: -DTAKE_STORE
// mutant: -DAWAIT_STORE
// mutant: -DFINISH_STORE
// mutant: -DRENEW_ALWAYS
// mutant: -DWAITER_LATE
// mutant: -DONE_LOOK
// mutant: -DCLOSE -DDROP_SILENT
// mutant: -DLOOP -DCOUNT_LATE
// mutant: -DLOOP -DREAD_LATE
// mutant: -DLOOP -DNO_OWN
// mutant: -DLOOP -DLAST_SILENT
// mutant: -DLOOP -DCLOSE -DDROP_SILENT
//
// Fork and join: who runs a branch that was made known to others, and who waits
// for it.  Go: runtime/parallel/job.go (J1, J2) and sweep.go (J3).
//
// Actors: the fiber that forks (owner), ROUNDS times, with up to OPEN branches on
// offer at a time, of which it joins the newest first; or with LOOP one that gives
// away parts of a loop; thieves, fibers of other schedulers.
// A queue holds the fibers of jobs: the owner may take its newest one out of it.
// With CLOSE the runtime closes at some moment: from then on a fiber that has not
// begun is dropped; and the closer unparks everybody, for nothing.
//
// Left out: what branches are before they are jobs, which only their fiber sees.
// The queue is a set; park and unpark are those of park.pml, here one permit.
//
// Checked: a branch runs once or is dropped, and has ended when its join returns;
// the owner never waits for good; records are used again only when nobody else
// can reach them; a loop is left alone by all parts when its owner goes on.
//
// Names: offered, started, done, awaited as in Go; ran and ended are ghosts.

#define ROUNDS  3
#define OPEN    2
#define THIEVES 2
#define PARTS   3       // that may be given away, of a loop

#define OFFERED 0
#define STARTED 1
#define DONE    2
#define AWAITED 4       // a bit

byte state[ROUNDS];     // of a job's record
byte branch[ROUNDS];    // that the record stands for
bool waiter[ROUNDS];    // written by the owner before it waits
bool queued[ROUNDS];    // the fiber of the record's job is in the queue
bool permit, over, ending;
byte ran[ROUNDS], ended[ROUNDS]; // by branch

inline park() { atomic { permit -> permit = false } }

#ifndef LOOP

proctype thief() {
	byte k, s;
	do
	:: atomic { over -> break }
	:: atomic {             // steal, or be given it by the own scheduler
		if
		:: queued[0] -> queued[0] = false; k = 0
		:: queued[1] -> queued[1] = false; k = 1
		:: queued[2] -> queued[2] = false; k = 2
		fi }
		// start
again:		s = state[k];
		if
		:: (s & 3) != OFFERED -> goto next
		:: else
		fi;
#ifdef START_STORE
		state[k] = (s & AWAITED) | STARTED;
#else
		if
		:: atomic { state[k] == s -> state[k] = (s & AWAITED) | STARTED }
		:: atomic { else -> goto again }
		fi;
#endif
		if
#ifdef CLOSE
		:: ending ->    // drop
#ifdef DROP_SILENT
			goto next
#endif
#endif
		:: !ending -> ran[branch[k]]++
		fi;
		ended[branch[k]]++;
		// finish
#ifdef FINISH_STORE
		s = state[k];
		state[k] = DONE;
#else
		atomic { s = state[k]; state[k] = DONE }
#endif
		if
		:: s & AWAITED -> assert(waiter[k]); permit = true
		:: else
		fi;
next:		s = 0; k = 0
	od
}

proctype owner() {
	byte r, s, k, next;     // next: the branch to be offered next
	byte n;                 // records open
	byte open[OPEN];
	bool used[ROUNDS];      // records that are open or that others may know
	do
	:: next < ROUNDS && n < OPEN ->
		// offer
		k = 0;
		do
		:: used[k] -> k++
		:: else -> break
		od;
		used[k] = true;
		state[k] = OFFERED; branch[k] = next; waiter[k] = false;
		next++;
		open[n] = k; n++;
		queued[k] = true
	:: n > 0 ->
		// join the newest: take back
		n--; k = open[n]; r = branch[k];
		s = state[k];
		if
		:: s != OFFERED -> goto await
		:: else
		fi;
#ifdef TAKE_STORE
		state[k] = STARTED;
#else
		if
		:: atomic { state[k] == OFFERED -> state[k] = STARTED }
		:: atomic { else -> goto await }
		fi;
#endif
		if
		:: atomic { queued[k] -> queued[k] = false; used[k] = false } // retract
		:: atomic { else ->
#ifdef RENEW_ALWAYS
			used[k] = false
#endif
			skip }
		fi;
		ran[r]++;
		ended[r]++;
		goto joined;
await:
#ifndef WAITER_LATE
		waiter[k] = true;
#endif
look:		s = state[k];
		if
		:: s == DONE -> goto joined
		:: else
		fi;
#ifdef AWAIT_STORE
		state[k] = s | AWAITED;
#else
		if
		:: atomic { state[k] == s -> state[k] = s | AWAITED }
		:: atomic { else -> goto look }
		fi;
#endif
#ifdef WAITER_LATE
		waiter[k] = true;
#endif
		do
		:: state[k] == DONE -> break
		:: else -> park();
#ifdef ONE_LOOK
			break
#endif
		od;
joined:		assert(ended[r] == 1 && ran[r] <= 1 && (ran[r] == 1 || ending));
		s = 0; k = 0; r = 0
	:: else -> break        // all are joined
	od;
	over = true
}

#else

// A loop: left counts its parts; frame says that the owner has not gone on.
byte left = 1, given, did;
bool frame = true, whose;

inline give() {         // part k
#ifndef COUNT_LATE
	assert(frame);
	whose = true;           // the waiter is known before the first part is seen
	left++;
#endif
	queued[k] = true;
#ifdef COUNT_LATE
	whose = true;
	left++;
#endif
}

proctype thief() {
	byte k, n;
	bool w;
	do
	:: atomic { over -> break }
	:: atomic {
		if
		:: queued[0] -> queued[0] = false; k = 0
		:: queued[1] -> queued[1] = false; k = 1
		:: queued[2] -> queued[2] = false; k = 2
		fi }
#ifdef DROP_SILENT
		if :: ending -> goto next :: else fi;
#endif
		assert(frame);
#ifndef READ_LATE
		w = whose;
#endif
		if
		:: atomic { !ending && given < PARTS -> k = given; given++ }
			give()
		:: true
		fi;
		did++;
		atomic { assert(frame); left--; n = left };
		if
		:: n == 0 ->
#ifdef READ_LATE
			assert(frame);
			w = whose;
#endif
			assert(w);
#ifndef LAST_SILENT
			permit = true
#endif
			skip
		:: else
		fi;
next:		w = false; n = 0; k = 0
	od
}

proctype owner() {
	byte k, n;
	do
	:: atomic { given < PARTS -> k = given; given++ }
		give()
	:: break
	od;
#ifndef NO_OWN
	if
	:: whose -> atomic { left--; n = left }
	:: else -> n = 0
	fi;
#else
	n = 1;
#endif
	if
	:: n != 0 ->
		do
		:: left == 0 -> break
		:: else -> park()
		od
	:: else
	fi;
	assert(did == given);
	frame = false;
	over = true
}

#endif

#ifdef CLOSE
proctype closer() {
	ending = true;
	permit = true           // for nothing
}
#endif

init {
	byte i;
	atomic {
		run owner();
		for (i : 1 .. THIEVES) { run thief() }
#ifdef CLOSE
		run closer()
#endif
	}
	atomic { timeout -> assert(over) }
}
