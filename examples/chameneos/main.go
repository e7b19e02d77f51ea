// Chameneos lets creatures meet in pairs and change their colours.
//
// A creature that wants to meet comes to a place, waits for another, and both
// take the colour that follows from their two colours. After a number of
// meetings the place is closed. This is a test of how parties find each other:
// here they do it by themselves, at a Swap, with no one to bring them together.
//
// A creature takes a ticket for each meeting. There are twice as many tickets as
// meetings are wanted, so no more can happen; nor can fewer: two who wait meet,
// so at most one waits, and as the tickets used up are even in number, there is
// then one left, for another creature to take.
//
//	go run ./examples/chameneos
//
// Kaiser and Pradat-Peyre: Chameneos, a Concurrency Game for Java, Ada and
// Others (2003).
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

type colour int

const (
	blue colour = iota
	red
	yellow
)

func (c colour) String() string { return [...]string{"blue", "red", "yellow"}[c] }

// complement is the colour that a takes when it meets b: its own if they are
// alike, and otherwise that of neither.
func complement(a, b colour) colour {
	if a == b {
		return a
	}
	return blue + red + yellow - a - b
}

type creature struct {
	name   int
	colour colour
}

// A record is what a creature has to tell.
type record struct {
	meetings int
	self     int // meetings with itself, of which there must be none
}

// live meets others as long as there are tickets.
func live(c creature, tickets *cml.Semaphore, place *cml.Swap[creature]) (r record) {
	for tickets.TryAcquire(1) {
		other := place.Swap(c)
		c.colour = complement(c.colour, other.colour)
		r.meetings++
		if other.name == c.name {
			r.self++
		}
	}
	return r
}

// meet lets creatures of these colours meet so many times.
func meet(meetings int, colours ...colour) (sum record) {
	tickets, place := cml.NewSemaphore(2*int64(meetings)), cml.NewSwap[creature]()
	var all []*fibers.Task[record]
	for name, col := range colours {
		all = append(all, fibers.Spawn(func() (record, error) {
			return live(creature{name, col}, tickets, place), nil
		}))
	}
	for _, t := range all {
		r, _ := t.Await()
		sum.meetings += r.meetings
		sum.self += r.self
	}
	return sum
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		for a := range yellow + 1 {
			for b := range yellow + 1 {
				fmt.Fprintf(w, "%v + %v -> %v\n", a, b, complement(a, b))
			}
		}
		for _, colours := range [][]colour{
			{blue, red, yellow},
			{blue, red, yellow, red, yellow, blue, red, yellow, red, blue},
		} {
			r := meet(6000, colours...)
			fmt.Fprintf(w, "%d creatures were met %d times, themselves %d\n", len(colours), r.meetings, r.self)
		}
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
