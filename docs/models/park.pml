// gcc: -O2 -DSAFETY -DNOFAIR -DMEMLIM=3500
// run: -m2000 -w22
// also: -DEDGES
// also: -DCLOSER -DGENS=1
// also: -DCLOSER -DGENS=1 -DSHELTER -DNU=1
// ends: -DGENS=1
// mutant: -DPUBLISH_EARLY
// mutant: -DSTEP_EARLY
// mutant: -DNO_PERMIT
// mutant: -DPLAIN_STORE
// mutant: -DENQUEUE_FIRST
// mutant: -DUNPARK_STORE
// mutant: -DTRIM_NO_CLAIM
// mutant: -DTRIM_STORE
// mutant: -DFREE_PARKED
// mutant: -DSTORE_RESET -DEDGES
// mutant: -DNO_EDGE -DEDGES
// mutant: -DKILL_LATE -DCLOSER
// mutant: -DRESET_LATE -DCLOSER
// mutant: -DCUT_LATE -DSHELTER -DCLOSER -DGENS=1
// mutant: -DNO_CUT -DSHELTER -DCLOSER -DGENS=1
//
// Parking: park and unpark with one permit, the post-switch step, trimming,
// ending, and the recycling of fiber records.  Go: internal/parkword/word.go,
// runtime/parking.go.
//
//	from     to      by
//	awake    permit  Unpark (CAS)
//	permit   permit  Unpark (CAS, for the happens-before edge)
//	permit   awake   Park, which returns; or the post-switch step, which then
//	                 enqueues the fiber (both by a swap or CAS, never a store)
//	awake    parked  the post-switch step (CAS)
//	parked   awake   Unpark (CAS), which enqueues the fiber; or the trimmer
//	                 (CAS), which resumes it and then makes the step again
//
// A fiber that parks leaves its stack first; the party that runs next on the
// same scheduler makes the step on its behalf.  So the word becomes parked only
// when nobody is on the stack, and whoever takes it away from parked owns the
// fiber: to enqueue it, or to bounce it.
//
// Actors
//	sched     2  the root and the fibers that take turns on one scheduler; a
//	             fiber's own program is executed by the scheduler it runs on
//	unparker  2  for each record: makes the condition true, then unparks.  Two
//	             Unparks of one record overlap, and one may come late, when its
//	             fiber has ended and the record is free or another fiber's
//	trimmer   1  claims a parked fiber, bounces it, makes the step for it
//	closer    1  (CLOSER) sets kill, then unparks every record; unparkers may
//	             give up then, so that nothing but kill can end a fiber.
//	             (SHELTER) a fiber that is killed cleans up: it waits for its
//	             condition once more, and this wait ends by the condition or by cut,
//	             which the closer sets later, to unpark every record again.  (One
//	             that begins to clean up after that round waits for the next in Go,
//	             which has many; here it ends.)
// A fiber waits for its condition in a loop around Park, yields once and ends;
// it ends at once if kill is set when it returns from Park.  Record 0 is
// recycled for a second fiber.
//
// Abstracted: one FIFO, from which any scheduler takes, stands for the deque,
// the ring, the next place, stealing and the injector.  The swap of stacks is
// one step, and with it the pick before it.  Conditions are atomic counters.
// Memory is sequentially consistent, as Go's atomics are.  The number of the
// fiber in Go's word, which makes late CASes fail, is left out: safety does not
// rest on it.  With EDGES, ghosts follow which Unparks the word carries.
//
// Checked
//	a fiber is resumed only off its stack, so never on two schedulers (resume)
//	it is never in a queue twice; a free record never is (enqueue)
//	no wake-up is missed: when nothing moves, every fiber has ended (init)
//	what came before an Unpark came before the return of the Park that takes
//	its permit, also if another Unpark's permit was there already (EDGES)
//	every run ends: there is no cycle at all (the line "ends" above)
//
// Names	here			runtime/parking.go, internal/parkword
//	word, step, settle	fiber.word, departure.kind, settle with TryPark
//	unpark, enqueue		Wake, then runNext, inject or ring.Push
//	leave and finish	coroutine.leave: Switch, then settle
//	kill, cut, closer	Runtime.ending, Runtime.cutting, endFibers
//	sheltered		the flag of the coroutine: shelter.go

#define NF      2               // records
#define NS      2               // schedulers
#ifndef NU
#define NU      2               // unparkers
#endif
#ifndef GENS
#define GENS    2               // fibers that use record 0; record 1 has one
#endif
#ifndef BOUNCES
#define BOUNCES 1
#endif
#define ROOT    NF              // the party that is no fiber

mtype = { awake, permit, parked };              // the word
mtype = { start, returned, yielded };           // where a fiber continues
mtype = { none, requeue, park };                // the step it asked for

mtype word[NF] = awake;
mtype pc[NF] = start;
byte cond[NF];
byte gen[NF];
bool kill, cut;
bool sheltered[NF];
chan ready = [NF] of { byte };

// ghosts
bool onstack[NF];
bool inq[NF];
bool alive[NF];
#ifdef EDGES
byte wokenBy[NF];          // who unparked since a permit was last taken
byte carried[NF];       // those whose edge the word carries
#define UNPARKED(f, who)  wokenBy[f] = wokenBy[f] | (1 << who)
#define RELEASE(f, who)   carried[f] = carried[f] | (1 << who)
#define OBSERVE(f, v)     v = carried[f]
#define TAKE(f, v)        assert((wokenBy[f] & ~(v)) == 0); wokenBy[f] = 0; carried[f] = 0; v = 0
#else
#define UNPARKED(f, who)  skip
#define RELEASE(f, who)   skip
#define OBSERVE(f, v)     skip
#define TAKE(f, v)        skip
#endif

inline enqueue(f) {
	assert(alive[f]);       // a free record is never made runnable
	assert(!inq[f]);        // nor one that already is
	inq[f] = true;
	ready!f
}

inline resume(f) {
	assert(!onstack[f]);    // nobody resumes a fiber that has not left
	onstack[f] = true
}

// unpark: a failed CAS changes nothing, so the load, the CAS and the loop
// around them are one step, the successful one.
inline unpark(f, who) {
	if
#ifdef UNPARK_STORE
	:: word[f] == parked -> word[f] = awake;
		atomic { enqueue(f) }
#else
	:: atomic { word[f] == parked -> word[f] = awake }
		atomic { enqueue(f) }
#endif
#ifdef NO_PERMIT
	:: word[f] == awake
#else
	:: atomic { word[f] == awake -> word[f] = permit; UNPARKED(f, who); RELEASE(f, who) }
#endif
#ifdef NO_EDGE
	:: atomic { word[f] == permit -> UNPARKED(f, who) }
#else
	:: atomic { word[f] == permit -> UNPARKED(f, who); RELEASE(f, who) }
#endif
	fi
}

// settle is the step that ends a Park, on behalf of f, which left its stack.
inline settle(f) {
#ifdef PLAIN_STORE
	word[f] = parked
#else
	if
	:: atomic { word[f] == awake -> word[f] = parked }
	:: atomic { else -> OBSERVE(f, seen) }  // it is permit
#ifdef ENQUEUE_FIRST
		atomic { enqueue(f) }
		atomic { OBSERVE(f, seen); TAKE(f, seen); word[f] = awake }
#else
		atomic {
#ifndef STORE_RESET
			OBSERVE(f, seen);       // a swap observes, a store does not
#endif
			TAKE(f, seen); word[f] = awake
		}
		atomic { enqueue(f) }
#endif
	fi
#endif
}

proctype sched() {
	byte cur = ROOT, next, prev, seen;
	mtype step = none;

root:   // nothing to run: the root waits
end:	atomic { ready?next -> inq[next] = false; goto swap }

body:   // on the stack of cur
	if
#ifdef SHELTER
	:: atomic { pc[cur] == returned && kill && cut -> goto ending }
	:: atomic { pc[cur] == returned && kill && !cut && !sheltered[cur] ->
		sheltered[cur] = true; pc[cur] = start; goto body }     // its deferred function begins
#else
	:: atomic { pc[cur] == returned && kill -> goto ending }
#endif
	:: atomic { pc[cur] == yielded -> goto ending }
	:: atomic { else -> skip }
	fi;
	// for !cond { Park() }
	if
	:: atomic { cond[cur] > 0 -> cond[cur]--; pc[cur] = yielded; step = requeue }
#ifdef PUBLISH_EARLY
		atomic { step = none; enqueue(cur) }
#endif
	:: atomic { else -> pc[cur] = returned; step = park }
		// Park
		if
		:: atomic { word[cur] == permit -> OBSERVE(cur, seen); TAKE(cur, seen);
			word[cur] = awake; step = none; goto body }
		:: else
#ifdef STEP_EARLY
			-> step = none; settle(cur)
#endif
		fi
	fi;
	// leave: still on the stack of cur, pick the next, and swap into it
	atomic {
		if
		:: ready?next -> inq[next] = false
		:: empty(ready) -> next = ROOT
		fi;
swap:		prev = cur; cur = next; next = 0;
		if :: prev != ROOT -> onstack[prev] = false :: else fi;
		if :: cur != ROOT -> resume(cur) :: else fi
	}
	// finish: on the stack of cur, on behalf of prev
	if
	:: step == park -> settle(prev)
	:: atomic { step == requeue -> enqueue(prev) }
	:: else
	fi;
	atomic { step = none; prev = 0; if :: cur == ROOT -> goto root :: else -> goto body fi }

ending: // free the record; its coroutine stays behind as an idle party
	atomic {
		assert(word[cur] != parked);
#ifdef FREE_PARKED
		word[cur] = parked;
#endif
		alive[cur] = false; onstack[cur] = false; prev = cur; cur = ROOT
	}
#ifndef RESET_LATE
	// a permit that was left in it may stay or go, as long as it goes before
	// the next fiber can be known to anyone, the closer included
	if
	:: atomic { word[prev] == permit -> OBSERVE(prev, seen); TAKE(prev, seen); word[prev] = awake }
	:: skip
	fi;
#endif
	// recycle
	if
	:: atomic { prev == 0 && gen[prev] + 1 < GENS && !kill ->
		gen[prev]++; alive[prev] = true; pc[prev] = start }
#ifdef RESET_LATE
		word[prev] = awake;
#endif
		atomic { enqueue(prev) }
	:: atomic { else -> skip }
	fi;
	atomic { prev = 0; goto root }
}

proctype unparker(byte me) {
	byte n;
	do
	:: atomic { n < NF -> cond[n]++ }
		unpark(n, me);
		n++
#ifdef CLOSER
	:: break                // a fiber may wait in vain, until it is killed
#endif
	:: atomic { else -> break }
	od
}

proctype trimmer() {
	byte n, f, seen;
	do
	:: n < BOUNCES ->
end:		if      // claim
#ifdef TRIM_NO_CLAIM
		:: atomic { word[0] == parked -> f = 0 }
		:: atomic { word[1] == parked -> f = 1 }
#else
		:: atomic { word[0] == parked -> word[0] = awake; f = 0 }
		:: atomic { word[1] == parked -> word[1] = awake; f = 1 }
#endif
		fi;
		atomic { resume(f) }    // it sees that it was bounced, and
		onstack[f] = false;     // swaps straight back
#ifdef TRIM_STORE
		word[f] = parked;
#else
		settle(f);
#endif
		atomic { n++; f = 0 }
	:: else -> break
	od
}

proctype closer() {
	byte n;
#ifndef KILL_LATE
	kill = true;
#endif
	do
	:: n < NF -> unpark(n, NU); n++
	:: else -> break
	od;
#ifdef KILL_LATE
	kill = true
#endif
#ifdef SHELTER
#ifndef NO_CUT
#ifndef CUT_LATE
	cut = true;
#endif
	n = 0;
	do
	:: n < NF -> unpark(n, NU); n++
	:: else -> break
	od;
	cut = true
#endif
#endif
}

init {
	byte n;
	atomic {
		for (n : 0 .. NF - 1) { alive[n] = true; enqueue(n) }
		for (n : 1 .. NS) { run sched() }
		for (n : 1 .. NU) { run unparker(n - 1) }
		run trimmer();
#ifdef CLOSER
		run closer();
#endif
		n = 0
	}
	// nothing moves any more: every fiber has ended
	atomic { timeout -> for (n : 0 .. NF - 1) { assert(!alive[n]); assert(!inq[n]) } }
}
