// gcc: -O2 -DSAFETY -DNOFAIR -DMEMLIM=3500
// run: -m20000 -w22
// also: -DN=2 -DTIMER
// also: -DTIMER
// also: -DN=2 -DTIMER -DREUSE
// also: -DTIMER -DREUSE
// also: -DPATHS=2
// also: -DN=4 -DCOARSE
// also: -DFREEZE
// ends: -DTIMER -DCOARSE
// ends: -DN=2 -DTIMER
// mutant: -DNO_HELP -DFREEZE
// mutant: -DINSTALL_OVER
// mutant: -DUNORDERED
// mutant: -DCOMMIT_OVER -DTIMER
// mutant: -DSUCCEED_EARLY
// mutant: -DFAIL_EARLY
// mutant: -DSTATUS_STORE -DTIMER
// mutant: -DREUSE_SHARED -DN=2 -DTIMER -DREUSE
//
// The commit of performances that wait in choices: one-sided by CAS, two-sided
// by a match that anybody helps to finish.  Go: cml/commit.go.
//
// Actors
//	perf     N  a published performance, which scans the offers of others: number
//	            i those of i+1 (with PATHS=2 also of i+2), round the ring.  So all
//	            matches chase each other
//	timer    (TIMER) commits performance 0 one-sided
// With REUSE a performance that is decided withdraws its offers and, if no match
// ever named it, uses its record again.  With FREEZE performance 0 may stop for
// ever between any two steps while it makes a match; the others must go on.
// Every step is one access to a word or a status; with COARSE a helper reads the
// status of its match and the word in one.
//
// Abstracted: a channel is the pair of the scanner and the one scanned; its lock
// is what withdrawing waits for.  The recursion of helpers is a stack, and a
// helper that comes back to a match begins it anew, which changes nothing.
// Values are left out.  Memory is sequentially consistent, as Go's atomics are.
//
// Checked
//	no performance is decided twice; a match succeeds only while both words
//	hold it (W3); it fails only if one of the two is decided otherwise (W4)
//	helpers' stacks are no deeper than the matches there are (W5)
//	a record that is used again is not touched by anyone (W6)
//	when nothing moves, every actor has made all its attempts
//	every run ends: there is no cycle at all (the lines "ends" above)
//
// Names	here			cml
//	w, st			state.word, cell.status
//	decide, decided, timer	match.decide, state.decided, state.commit
//	the loop in perf	offer.pair, match.run
//	lk, gone		Chan.mu, offer.withdraw

#ifndef N
#define N       3
#endif
#ifndef PATHS
#define PATHS   1
#endif
#define M       (N * PATHS)     // matches: number 1 + scanner * PATHS + path
#define NIL     0
#define ONE     100             // the cell of a one-sided commit

#define UNDEC   0
#define SUCC    1
#define FAIL    2

byte w[N];
byte st[M + 1];
byte lo[M + 1], hi[M + 1];
bool shared[N];
bool lk[M + 1];                 // the lock of the channel of a match
bool gone[M + 1];               // the one scanned has withdrawn its offer

// ghosts
byte com[N];                    // how often a performance was decided
bool reused[N];

#ifdef COMMIT_OVER
#define OVERRIDE(m) (st[m] == UNDEC)
#else
#define OVERRIDE(m) false
#endif
#define P(m, k) (k == 0 -> lo[m] : hi[m])

inline won() {                  // by match d
	assert(w[lo[d]] == d && w[hi[d]] == d);
	com[lo[d]]++; com[hi[d]]++;
	assert(com[lo[d]] == 1 && com[hi[d]] == 1)
}

inline fail() {
	atomic {
		if
		:: st[d] == UNDEC -> st[d] = FAIL
		:: else
		fi
	}
}

inline install(which, old, new) {
	atomic {
		if
		:: w[which] == old -> w[which] = new
		:: else
		fi
	}
}

// decide makes all steps that are left of a match.
inline decide(which) {
	d = which; sp = 0; i = 0;
	do
#ifdef FREEZE
	:: me == 0 -> goto frozen
#endif
	:: atomic { i < 2 && st[d] != UNDEC -> i = 2 }
#ifdef COARSE
	:: atomic { i < 2 && st[d] == UNDEC -> x = P(d, i); cur = w[x] }
#else
	:: atomic { i < 2 && st[d] == UNDEC -> x = P(d, i) }
		cur = w[x];
#endif
		if
		:: cur == d -> i++
		:: cur == NIL -> install(x, NIL, d)
		:: cur == ONE -> fail()
		:: else ->
			if
			:: st[cur] == SUCC -> fail()
			:: st[cur] == FAIL -> install(x, cur, d)
			:: st[cur] == UNDEC ->
#if defined(NO_HELP)
				st[cur] != UNDEC                // wait for it
#elif defined(INSTALL_OVER)
				install(x, cur, d)
#elif defined(FAIL_EARLY)
				fail()
#else
				assert(sp < M);
				atomic { stk[sp] = d; sp++; d = cur; i = 0 }
#endif
			fi
		fi;
		cur = 0; x = 0
#ifdef SUCCEED_EARLY
	:: i == 1 -> i = 2
#endif
	:: i == 2 ->
		atomic {
			if
#ifdef STATUS_STORE
			:: true -> st[d] = SUCC; won()
#else
			:: st[d] == UNDEC -> st[d] = SUCC; won()
			:: else
#endif
			fi
		}
		if
		:: atomic { sp > 0 -> sp--; d = stk[sp]; stk[sp] = 0; i = 0 }
		:: atomic { sp == 0 -> d = 0; i = 0; break }
		fi
	od
}

// decided sets r if a performance is decided, helping a match to find out.
inline decided(whom) {
	do
	:: atomic { w[whom] == NIL -> r = false; break }
	:: atomic { w[whom] == ONE -> r = true; break }
	:: atomic { w[whom] != NIL && w[whom] != ONE -> e = w[whom] }
		if
		:: atomic { st[e] == SUCC -> r = true; e = 0; break }
		:: atomic { st[e] == FAIL -> r = false; e = 0; break }
		:: st[e] == UNDEC -> decide(e); e = 0
		fi
	od
}

proctype perf(byte me) {
	byte d, sp, i, x, cur, e, m, t, k;
	byte stk[M];
	bool r;

	do
	:: k == PATHS -> break
	:: k < PATHS ->
		atomic { m = 1 + me * PATHS + k; t = (me + 1 + k) % N; k++ }
		if
		:: atomic { gone[m] -> goto next }
		:: atomic { !gone[m] -> lk[m] = true }
		fi;
		decided(t);
		if
		:: r -> goto unlock
		:: else
		fi;
		atomic { shared[me] = true; shared[t] = true }
		atomic {
			if
#ifdef UNORDERED
			:: true
#else
			:: me < t
#endif
				-> lo[m] = me; hi[m] = t
#ifndef UNORDERED
			:: else -> lo[m] = t; hi[m] = me
#endif
			fi
		}
		decide(m);
		if
		:: st[m] == SUCC -> lk[m] = false; break
		:: else
		fi;
		assert(com[me] == 1 || com[t] == 1);            // W4
		x = lo[m]; install(x, m, NIL);
		x = hi[m]; install(x, m, NIL);
		decided(me);
		if
		:: r -> lk[m] = false; break
		:: else
		fi;
unlock:		lk[m] = false;
next:		r = false
	od;
	atomic { m = 0; t = 0; x = 0; r = false }

	// parked
end:	com[me] == 1;
#ifdef REUSE
	k = 1;
	do      // withdraw, under the locks
	:: atomic { k > M -> break }
	:: atomic { k <= M && (k - 1) / PATHS == me -> k++ }
	:: atomic { k <= M && (k - 1) / PATHS != me && !lk[k] -> gone[k] = true; k++ }
	od;
	atomic {
		if
#ifdef REUSE_SHARED
		:: true
#else
		:: !shared[me]
#endif
			-> w[me] = NIL; reused[me] = true
#ifndef REUSE_SHARED
		:: else
#endif
		fi
	}
#endif
	goto out;
#ifdef FREEZE
end_frozen: frozen:
	false;
#endif
out:	skip
}

#ifdef TIMER
proctype timer(byte whom) {
	byte d, sp, i, x, cur, e, me = 1;
	byte stk[M];
	if
	:: true                         // or it never happens
	:: true ->
		do
		:: atomic { w[whom] == ONE -> break }
		:: atomic { w[whom] != ONE -> e = w[whom] }
			if
			:: e == NIL || st[e] == FAIL || OVERRIDE(e) ->
				atomic {
					if
					:: w[whom] == e && !reused[whom] -> w[whom] = ONE; com[whom]++; assert(com[whom] == 1); break
					:: reused[whom] -> break           // its offer was withdrawn
					:: else
					fi
				}
			:: e != NIL && st[e] == SUCC -> break
#ifndef COMMIT_OVER
			:: e != NIL && st[e] == UNDEC -> decide(e)
#endif
			fi;
			e = 0
		od
	fi
}
#endif

init {
	byte n;
	atomic {
		for (n : 0 .. N - 1) { run perf(n) }
#ifdef TIMER
		run timer(0);
#endif
		n = 0
	}
	// nothing moves any more
	atomic {
		timeout ->
		for (n : 0 .. N - 1) {
			assert(!reused[n] || w[n] == NIL)
		}
	}
}
