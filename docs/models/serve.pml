// run: -m10000 -w22
// mutant: -DBLIND_TAKE
// mutant: -DBLIND_RELEASE
// mutant: -DTWO_STEPS
// mutant: -DNO_FLIP_ON_PERMIT
//
// Serving: the word of a fiber says at once that it may run and that what it
// waits for has been done (K7).  Go: Wake, TakePermit, TryPark, Hold, LetGo in
// internal/parkword/word.go, Serve, Leave and Arrive in runtime/parking.go, Put and Get in
// cml/plain.go.
//
// Actors
//	fiber      1  puts its offer in the place, waits until it is served, again
//	server     2  take the offer out of the place, and serve
//	stray      1  unparks now and then, for no reason
//	inspector  1  holds the fiber while it is parked, and lets it go
// The step that parks the fiber, made on its behalf after it has left its stack,
// is its own here: nobody else can run it before (park.pml).
//
// The word is awake, permit, parked or held, and one bit more: flip.
//
// Checked
//	the fiber goes on only when it was served, exactly once for each offer
//	a fiber that was served never stays parked: every run ends with all rounds
//	made (invalid end states)
//	the fiber is made runnable only while it is off its stack, by one (queued)
//
// Mutants
//	BLIND_TAKE          the permit is taken by a load and a store
//	BLIND_RELEASE       the inspector lets go by a load and a store
//	TWO_STEPS           first the wake, then the flip
//	NO_FLIP_ON_PERMIT   Serve leaves a word with a permit as it is

#define ROUNDS 2
#define STRAYS 2

mtype = { awake, permit, parked, held };

mtype word = awake;
bit flip;
bit copy;               // of BLIND_TAKE
bool place;             // the offer is there
byte served;            // ghost: services so far
byte taken;             // ghost: rounds that the fiber has finished
bool queued;            // runnable again
bool onstack = true;

inline enqueue() { assert(!queued); assert(!onstack); queued = true }

proctype fiber() {
	bit seen;
	do
	:: taken < ROUNDS ->
		place = true;
		do
		:: // Leave, Arrive: take the permit, or leave and park
			if
			:: word == permit ->
#ifdef BLIND_TAKE
				d_step { copy = flip };
				d_step { word = awake; flip = copy }
#else
				word = awake
#endif
			:: else ->
				onstack = false;
				if
				:: atomic { word == awake -> word = parked }
				:: atomic { word == permit -> word = awake; enqueue() }
				fi;
				atomic { queued -> queued = false; onstack = true }
			fi;
			if
			:: atomic { flip != seen -> seen = flip; taken++; assert(taken == served); break }
			:: else
			fi
		od
	:: else -> break
	od
}

proctype server() {
end:	do
	:: atomic { place -> place = false };
#ifdef TWO_STEPS
		if
		:: atomic { word == parked -> word = awake; enqueue() }
		:: atomic { (word == awake || word == held) -> word = permit }
		:: atomic { word == permit -> skip }
		fi;
		atomic { flip = 1 - flip; served++ }
#else
		if
		:: atomic { word == parked -> word = awake; flip = 1 - flip; served++; enqueue() }
		:: atomic { (word == awake || word == held) -> word = permit; flip = 1 - flip; served++ }
		:: atomic { word == permit ->
#ifndef NO_FLIP_ON_PERMIT
			flip = 1 - flip;
#endif
			served++ }
		fi
#endif
	od
}

proctype stray() {
	byte n;
	do
	:: n < STRAYS ->
		if
		:: atomic { word == parked -> word = awake; enqueue() }
		:: atomic { (word == awake || word == held) -> word = permit }
		:: atomic { word == permit }
		fi;
		n++
	:: break
	od
}

proctype inspector() {
	bit was;
	byte n;
	do
	:: n < 2 ->
endi:		atomic { word == parked -> word = held; was = flip };
#ifdef BLIND_RELEASE
		word = parked;
#else
		if
		:: atomic { word == held && flip == was -> word = parked }
		:: atomic { else -> word = awake; enqueue() }
		fi;
#endif
		n++
	:: break
	od
}



init {
	atomic { run fiber(); run server(); run server(); run stray(); run inspector() }
}
