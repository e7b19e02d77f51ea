// gcc: -O2 -DSAFETY
// run: -m100000
// also: -DCLOSE -DWAKES=2
// mutant: -DNO_SECOND_LOOK
// mutant: -DSTANDS
// mutant: -DLOOK_FIRST
// mutant: -DNO_SET_AGAIN
// mutant: -DREST_BLIND
// mutant: -DREST_STORE -DCLOSE -DWAKES=2
// mutant: -DUP_STORE -DCLOSE -DWAKES=2
// mutant: -DSTOP_FIRST -DCLOSE -DWAKES=2
// mutant: -DUNTOLD
// mutant: -DTOLD_ONCE
// mutant: -DENDS_UNTOLD -DCLOSE -DWAKES=2
// mutant: -DNO_SET_AGAIN -DCLOSE -DWAKES=2
//
// The monitor's rest: it comes to whoever is awake for long, and is spared coming for
// those who sleep again soon.  Go: runtime/monitor_rest.go.
//
// Actors
//	sched    2  falls asleep, leaves the sleepers by itself or is woken, and so on;
//	            or stays awake for good
//	waker       somebody from outside: takes a sleeper out of the list, summons the
//	            monitor for it, gives it its permit
//	monitor     rests once all sleep, and is up otherwise
//	server      once the monitor waits, waits for the timer, and ends its rest
//	closer      (CLOSE) ends the monitor and the server, at any time
//
// Abstracted: the timer is a bit, which may go off at any time while it is set.  Writing
// the word is one step and setting the timer another.  The list is a bit for each
// scheduler; who leaves it changes nsleep in the same step.  That the time is not always taken
// back is a choice here (excuseEvery, briefly).
//
// Checked, at any time
//	who tells another to wait, or not to, finds that it has been told nothing yet
// and when nothing moves any more, and the timer has gone off if it was set
//	if somebody is awake, the monitor is up
//	with CLOSE, the monitor and the server have ended
//
// Names	here			runtime
//	word, set		monitorRest.state, timer
//	kick, stopped, rests	monitor.kick, monitor.stop, monitorRest.rests
//	listed			idlers.mu.list, nsleep
//	summon, excuse		summonMonitor, excuseMonitor
//	monitor, server		runMonitor with restMonitor, serveMonitorTimer

#ifndef WAKES
#define WAKES   3
#endif
#define ALL     (listed[0] && listed[1])

mtype = { up, resting, due, over };

mtype word = up;
bool set;               // the timer
bool kick;
bool stopped;
bool rests;             // the server is told
bool listed[2];
bool permit[2];
bool coming[2];         // a waker has taken it out, and is about to give it its permit
byte wakes = WAKES;     // that are still to come
bool ended, served;     // ghosts

inline summon() {
	if
	:: word != resting
	:: word == resting ->
		if
		:: atomic { word != resting -> skip }
		:: atomic { word == resting -> word = due }
			set = true
		fi
	fi
}

inline excuse() {
	if
	:: true                                 // not this time
	:: word == due && ALL ->
		if
		:: atomic { word != due -> skip }
		:: atomic { word == due -> word = resting }
			if
#ifndef NO_SECOND_LOOK
			:: !ALL ->                      // M1
				if
				:: atomic { word != resting -> skip }
				:: atomic { word == resting -> word = due }
#ifndef STANDS
					set = true
#endif
				fi
			:: ALL ->
#else
			:: true ->
#endif
				set = false;
#ifndef NO_SET_AGAIN
				if                      // M2
				:: word != resting -> set = true
				:: word == resting
				fi
#endif
			fi
		fi
	fi
}

proctype sched(byte me) {
	do
	:: true -> break                        // it stays awake
	:: atomic { true -> listed[me] = true }
		excuse();
end:		if
		:: atomic { permit[me] -> permit[me] = false }
		:: atomic { wakes > 0 -> wakes-- }      // by itself
#ifdef LOOK_FIRST
			summon();
#endif
			atomic { if :: listed[me] -> listed[me] = false :: else -> skip fi }
#ifndef LOOK_FIRST
			summon();
#endif
			// a waker was faster, or there is none on its way
			if
			:: atomic { permit[me] -> permit[me] = false }
			:: atomic { !permit[me] && !coming[me] -> skip }
			fi
		fi
	od
}

proctype waker() {
	byte s;
	do
	:: atomic { wakes > 0 && listed[0] -> wakes--; listed[0] = false; coming[0] = true; s = 0 }
		summon();
		atomic { permit[s] = true; coming[s] = false }
	:: atomic { wakes > 0 && listed[1] -> wakes--; listed[1] = false; coming[1] = true; s = 1 }
		summon();
		atomic { permit[s] = true; coming[s] = false }
	:: true -> break
	od
}

proctype monitor() {
end0:	do
	:: stopped -> break
	:: ALL ->
		set = false;
#ifdef REST_STORE
		word = resting;
#else
		if
		:: atomic { word == up -> word = resting }
		:: atomic { word != up -> assert(word == over); break }
		fi;
#endif
		if
#ifndef REST_BLIND
		:: !ALL                                 // M1
		:: ALL ->
#else
		:: true ->
#endif
#ifndef UNTOLD
			assert(!rests || word == over); // M4
			rests = true;
#endif
end:			if
			:: atomic { kick -> kick = false }
			:: stopped
			fi
		fi;
#ifdef UP_STORE
		word = up
#else
		if
		:: atomic { word == over -> break }
		:: atomic { word != over -> word = up }
		fi
#endif
	od;
	ended = true;
	set = true                              // M3
}

proctype server() {
end0:	do
	:: rests ->                             // M4
#ifndef TOLD_ONCE
		rests = false;
#endif
		if
		:: word == over -> break
		:: word != over
		fi;
end:		atomic { set -> set = false }
		assert(!kick);                  // M4
		kick = true
	od;
	served = true
}

proctype closer() {
#ifdef STOP_FIRST
	stopped = true;
	word = over;
	rests = true
#else
	word = over;
#ifndef ENDS_UNTOLD
	rests = true;
#endif
	stopped = true
#endif
}

init {
	atomic {
		run sched(0);
		run sched(1);
		run waker();
		run monitor();
		run server();
#ifdef CLOSE
		run closer()
#endif
	}
	atomic {
		timeout ->
#ifdef CLOSE
		assert(ended && served)
#else
		assert(ALL || word == up)
#endif
	}
}
