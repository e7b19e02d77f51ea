package runtime_test

import (
	"fmt"
	"time"
	_ "time/tzdata" // so that it runs where the system has no time zones

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// firstOfMonth returns the next first of a month at 9:00 by the clocks of a place, after now.
// It is made of the date, and not by adding days of 24 hours: some have 23, or 25.
func firstOfMonth(now time.Time, place *time.Location) time.Time {
	year, month, _ := now.In(place).Date()
	next := time.Date(year, month, 1, 9, 0, 0, 0, place)
	if !next.After(now) {
		next = time.Date(year, month+1, 1, 9, 0, 0, 0, place)
	}
	return next
}

// Each first of the month at 9:00 local time, through daylight saving. The next time is made of the
// one before: if the clock is put back, no month comes twice. If it is put forward by months, those that
// have been passed follow at once; made of what Perform returns they would be left out. Here it runs in a simulation, where
// half a year takes no time; there the year begins in UTC.
func ExampleAtWall_everyMonth() {
	place, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	failure := sim.Check(func(s *sim.Sim) {
		at := s.Now()
		for range 6 {
			at = firstOfMonth(at, place)
			shown := cml.Perform(fibers.AtWall(at))
			fmt.Println(shown.In(place).Format("Mon _2 Jan 15:04 MST"), "is", shown.UTC().Format("15:04 MST"))
		}
	}, sim.Runs(1))
	if failure != nil {
		fmt.Println(failure)
	}
	// Output:
	// Sat  1 Jan 09:00 CET is 08:00 UTC
	// Tue  1 Feb 09:00 CET is 08:00 UTC
	// Wed  1 Mar 09:00 CET is 08:00 UTC
	// Sat  1 Apr 09:00 CEST is 07:00 UTC
	// Mon  1 May 09:00 CEST is 07:00 UTC
	// Thu  1 Jun 09:00 CEST is 07:00 UTC
}
