// gcc: -O2 -DSAFETY -DNOFAIR -DMEMLIM=2000
// run: -m20000 -w22
// also: -DNOCLOSE
// also: -DNOCLOSE -DSHORT -DTOKENS=3
// also: -DKILL -DTOKENS=1
// ends: -DNOCLOSE
// mutant: -DEVENT_STORE -DNOCLOSE
// mutant: -DDRAIN_STORE -DNOCLOSE
// mutant: -DNO_SEQ -DNOCLOSE
// mutant: -DENQUEUE_BLIND
// mutant: -DOVER_LATE
// mutant: -DDONE_FIRST
// mutant: -DLEAVE_AT_ONCE -DKILL
// mutant: -DNO_GENERATION
// mutant: -DNUMBER_AT_ONCE
//
// One direction of a descriptor: events, waiters, the deadline or Close, and the
// next descriptor with the same number and place.  Go: internal/epoll/cell.go (C1 to
// C6), internal/epoll/table.go, poll/fd_linux.go (F1).
//
// Actors
//	reader    2  enters, tries, waits, until it has a token or it is over
//	next      1  a reader of the next descriptor with that number
//	peer      1  brings tokens; the kernel makes an event of each, but merges
//	             those that have not been fetched
//	poller    1  fetches events and delivers them
//	closer    1  closes: the bit, the waiters, the table, the number; then the
//	             number and the place in the table belong to the next descriptor
//	dying        (KILL) may end a reader while it waits, which leaves by itself
//
// Abstracted: an attempt (read, accept) is one step.  Parking is waiting for
// done: see park.pml for what is below.  The queue is a set, whose members are
// taken together.  Expire is as Close without the end: the same steps.  Reading
// writes for the other direction is the same, on another word.  With SHORT, an
// attempt that takes the last token clears ready at once.
//
// Checked
//	nobody waits for ever: when nothing moves, each reader has a token or saw
//	that it is over (init); and with NOCLOSE each has a token
//	an event goes to the descriptor that it was made for (poller)
//	nobody uses a number that has been given back (attempt)
//	who wakes a waiter does not touch its record once it may be used again (wake)
//	every run ends (the line "ends" above)
//
// Names	here			Go
//	word's bits	ready, waiting, over, seq	bitReady … oneEvent of cell.word
//	fired, deliver		cell.event, cell.take
//	lock			Desc.mu
//	refs, closing		fd.refs
//	gen			Desc.gen, by way of table.find

#define NR      2
#define NEXT    NR              // the reader of the next descriptor
#ifndef TOKENS
#define TOKENS  2
#endif

// A word for each of the two descriptors.
typedef word { bit ready; bit waiting; bit over; byte seq };
word w[2];
bit lock[2];
bit inq[3];                     // waiters, by reader
bit done[3];
bit used[3];                    // ghost: the record belongs to a wait
byte tokens[2];
byte refs = 1;
bit closing, number = 1;        // of the first descriptor
byte table = 0;                 // which descriptor the place holds; 2: none
bit pending[2];                 // events that have not been fetched
bit live[2];                    // what the kernel watches
bit dying;
bit ended[3], got[3];

#ifdef NO_SEQ
#define SAME_SEQ(d) true
#else
#define SAME_SEQ(d) (w[d].seq == ts)
#endif
#define ACQUIRE(d)  atomic { lock[d] == 0 -> lock[d] = 1 }
#define RELEASE(d)  lock[d] = 0

// wake wakes those of descriptor d who were taken out of its queue (mask t).
inline wake(t) {
	k = 0;
	do
	:: k < 3 ->
		if
		:: t & (1 << k) ->
#ifdef DONE_FIRST
			done[k] = 1;
			assert(used[k]);        // reads the record
#else
			assert(used[k]);        // reads the record
			done[k] = 1;
#endif
		:: else
		fi;
		k++
	:: else -> break
	od
}

// take takes the queue of d; the lock is held.
inline take(d, t) {
	atomic {
		t = 0;
		if
		:: d == 0 -> t = inq[0] | (inq[1] << 1); inq[0] = 0; inq[1] = 0
		:: else -> t = inq[NEXT] << NEXT; inq[NEXT] = 0
		fi
	}
}

// deliver is C1.
inline deliver(d, t) {
	skip;
again:	atomic { sw = w[d].waiting; sr = w[d].ready; so = w[d].over; ss = w[d].seq }
	if
	:: sw -> goto slow
	:: else
	fi;
#ifdef EVENT_STORE
	atomic { w[d].waiting = sw; w[d].over = so; w[d].ready = 1; w[d].seq = (ss + 1) & 7 };
#else
	if
	:: atomic { w[d].waiting == sw && w[d].ready == sr && w[d].over == so && w[d].seq == ss ->
		w[d].ready = 1; w[d].seq = (ss + 1) & 7 }
	:: atomic { else -> goto again }
	fi;
#endif
	goto out;
slow:	ACQUIRE(d);
	atomic { w[d].waiting = 0; w[d].ready = 1; w[d].seq = (w[d].seq + 1) & 7 };
	take(d, t);
	RELEASE(d);
	wake(t);
out:	skip
}

// drained is C2: ready is cleared unless something has come since the ticket.
inline drained(d) {
#ifdef DRAIN_STORE
	w[d].ready = 0
#else
	atomic {
		if
		:: w[d].waiting == tw && w[d].ready == tr && w[d].over == to && SAME_SEQ(d) -> w[d].ready = 0
		:: else
		fi
	}
#endif
}

proctype reader(byte r; byte d) {
	bit tw, tr, to;
	byte ts;
	bit mine;
	// enter: F1
	if
	:: atomic { d == 0 && closing -> goto end }
	:: atomic { d == 0 && !closing -> refs++ }
	:: d == 1
	fi;
loop:	atomic { tw = w[d].waiting; tr = w[d].ready; to = w[d].over; ts = w[d].seq };
	if
	:: to -> goto leave
	:: !to && tr ->
		atomic {
			assert(d == 1 || number);       // the number is ours still
			if
			:: tokens[d] > 0 -> tokens[d]--; got[r] = 1
			:: else
			fi;
			mine = (tokens[d] == 0)
		};
		if
		:: got[r] ->
#ifdef SHORT
			if :: mine -> drained(d) :: else fi;
#endif
			goto leave
		:: else -> drained(d)
		fi;
		goto loop
	:: else
	fi;
	// wait
	used[r] = 1; done[r] = 0;
	ACQUIRE(d);
#ifdef ENQUEUE_BLIND
	atomic { w[d].waiting = 1; inq[r] = 1 };
#else
	atomic {        // the lock is held, and the CAS is repeated until it succeeds
		if
		:: w[d].ready || w[d].over -> RELEASE(d); used[r] = 0; goto loop
		:: else -> w[d].waiting = 1
		fi
	};
	inq[r] = 1;
#endif
	RELEASE(d);
	if
	:: done[r]
#ifdef KILL
	:: dying ->
#ifdef LEAVE_AT_ONCE
		used[r] = 0;
		goto leave;
#endif
		ACQUIRE(d);
		if
		:: inq[r] ->
			inq[r] = 0;
			atomic {
				if
				:: d == 0 && !inq[0] && !inq[1] || d == 1 -> w[d].waiting = 0
				:: else
				fi
			};
			RELEASE(d);
			used[r] = 0;
			goto leave
		:: else -> RELEASE(d); done[r]
		fi;
		used[r] = 0;
		goto leave
#endif
	fi;
	used[r] = 0;
	goto loop;
leave:	if
	:: d == 0 -> atomic {
			refs--;
			if :: refs == 0 && closing -> number = 0 :: else fi
		}
	:: else
	fi;
end:	ended[r] = 1
}

// peer brings the tokens. (The next descriptor's is brought by the closer.)
proctype peer() {
	byte i;
	do
	:: i < TOKENS ->
		atomic {
			tokens[0]++;
			if :: live[0] -> pending[0] = 1 :: else fi
		};
		i++
	:: else -> break
	od
}

proctype poller() {
	byte g, t, k, to;
	bit sw, sr, so;
	byte ss;
endp:	do
	:: atomic {
		if
		:: pending[0] -> pending[0] = 0; g = 0
		:: pending[1] -> pending[1] = 0; g = 1
		fi };
		to = table;             // C5: it may be closed by the time of the delivery
#ifdef NO_GENERATION
		if
		:: to != 2 -> assert(to == g); skip; deliver(to, t)
		:: else
		fi
#else
		if
		:: to == g -> skip; deliver(g, t)
		:: else
		fi
#endif
	od
}

// over sets the bit for all who come, and wakes all who wait: C3.
proctype closer() {
	byte t, k;
#ifndef NOCLOSE
	closing = 1;            // F1
	ACQUIRE(0);
#ifdef OVER_LATE
	atomic { w[0].waiting = 0; w[0].seq = (w[0].seq + 1) & 7 };
#else
	atomic { w[0].waiting = 0; w[0].over = 1; w[0].seq = (w[0].seq + 1) & 7 };
#endif
	take(0, t);
	RELEASE(0);
#ifdef OVER_LATE
	w[0].over = 1;
#endif
	wake(t);
	atomic { live[0] = 0; pending[0] = 0 };         // the kernel forgets what was not fetched
	table = 2;
	atomic {
		refs--;
		if :: refs == 0 -> number = 0 :: else fi
	};
#ifdef NUMBER_AT_ONCE
	number = 0;
#endif
	!number;
#endif
	// The next one, in the same place.
	w[1].ready = 1;
#ifndef NOCLOSE
	table = 1;
	atomic { live[1] = 1; pending[1] = 1 };         // it is ready to be written to, say
	run reader(NEXT, 1);
	atomic { tokens[1]++; pending[1] = 1 }
#else
	ended[NEXT] = 1; got[NEXT] = 1
#endif
}

init {
	atomic {
		w[0].ready = 1; live[0] = 1;
		run reader(0, 0); run reader(1, 0);
		run peer(); run poller(); run closer();
#ifdef KILL
		dying = 1
#endif
	}
	atomic {
		timeout ->
		assert(ended[0] && ended[1] && ended[NEXT]);
		assert(!used[0] && !used[1] && !used[NEXT]);
		assert(!inq[0] && !inq[1] && !inq[NEXT]);
		assert(!w[0].waiting && !w[1].waiting);
#ifndef KILL
		assert(got[NEXT]);
#endif
#ifdef NOCLOSE
		assert(got[0] && got[1])
#endif
	}
}
