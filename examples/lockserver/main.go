// Lockserver has locks that are fibers, and clients that want whichever of two
// is free first.
//
// A lock is a loop: take the next request, grant it, wait for the release. As a
// grant is offered in a choice with the client's negative acknowledgement, the
// lock is never granted to somebody who has meanwhile got the other one: the
// lock goes on to the next in its line. Compare a mutex in a select of Go, which
// needs a goroutine for each attempt, and which hands the lock to that goroutine
// when it is too late.
//
// (Package cml has Mutex.LockOp, which needs no server. The server shows how
// such things are made, and can do what a mutex cannot, such as keeping a log.)
//
//	go run ./examples/lockserver
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A lock is a server.
type lock struct {
	requests *cml.Chan[request]
	release  *cml.Chan[cml.Unit]
}

type request struct {
	granted *cml.Chan[cml.Unit]
	gone    cml.Op[cml.Unit] // ready if the client has chosen something else
}

func newLock() *lock {
	l := &lock{cml.NewChan[request](), cml.NewChan[cml.Unit]()}
	fibers.Go(l.serve)
	return l
}

func (l *lock) serve() {
	for {
		r := l.requests.Get()
		cml.Select(
			cml.On(r.granted.PutOp(cml.Unit{}), func(cml.Unit) { l.release.Get() }),
			r.gone,
		)
	}
}

// Lock is an op that is ready when the lock is ours.
func (l *lock) Lock() cml.Op[cml.Unit] {
	return cml.WithNack(func(gone cml.Op[cml.Unit]) cml.Op[cml.Unit] {
		r := request{cml.NewChan[cml.Unit](), gone}
		fibers.Go(func() { cml.Select(l.requests.PutOp(r), gone) }) // stands in the line
		return r.granted.GetOp()
	})
}

// Unlock gives the lock back.
func (l *lock) Unlock() { l.release.Put(cml.Unit{}) }

// An account may be changed by whoever holds its lock.
type account struct {
	*lock
	balance int
}

// changeEither adds 1 to whichever account can be locked first.
func changeEither(a, b *account) {
	hold := func(x *account) cml.Op[*account] {
		return cml.Wrap(x.Lock(), func(cml.Unit) *account { return x })
	}
	x := cml.Perform(cml.Choice(hold(a), hold(b)))
	x.balance++ // plain: nobody else holds it
	x.Unlock()
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		const clients, changes = 20, 100
		var accounts [4]*account
		for i := range accounts {
			accounts[i] = &account{lock: newLock()}
		}
		var done cml.WaitGroup
		for i := range clients {
			done.Add(1)
			fibers.Go(func() {
				defer done.Done()
				for j := range changes {
					changeEither(accounts[(i+j)%4], accounts[(i+j+1+j%3)%4])
				}
			})
		}
		done.Wait()

		sum := 0
		for _, a := range accounts { // all are free again, whatever was abandoned
			cml.Perform(a.Lock())
			sum += a.balance
		}
		fmt.Fprintln(w, "changes made:", sum)
		_, ok := fibers.PerformTimeout(accounts[0].Lock(), 0)
		fmt.Fprintln(w, "a second holder:", ok)
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
