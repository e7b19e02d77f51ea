package programs_test

import (
	"math/rand/v2"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Bank transactions: accounts are fibers, and send money to each other at their
// teller's orders. An account that has money to hand over goes on accepting
// some: so all the accounts of a ring may send at once. At such a moment each is
// in a choice on both sides.
func TestBanking(t *testing.T) {
	type order struct{ to, amount int }
	type account struct {
		orders  *cml.Chan[order]
		credits *cml.Chan[int]
		done    *cml.Chan[unit] // an order was carried out
	}
	const accounts, first = 12, 1000
	ends(t, func(t *testing.T) {
		transfers := size(t, 10_000, 1000)
		var all [accounts]account
		for i := range all {
			all[i] = account{cml.NewChan[order](), cml.NewChan[int](), cml.NewChan[unit]()}
		}
		closed := cml.NewCond()
		var balances [accounts]*fibers.Task[int]
		for i, self := range all {
			balances[i] = fibers.Spawn(func() (int, error) {
				balance, open := first, true
				accept := cml.On(self.credits.GetOp(), func(amount int) { balance += amount })
				for open {
					cml.Select(
						accept,
						cml.On(self.orders.GetOp(), func(o order) {
							balance -= o.amount
							for sent := false; !sent; {
								cml.Select(
									accept,
									cml.On(all[o.to].credits.PutOp(o.amount), func(unit) { sent = true }),
								)
							}
							// The teller is told in the same manner.
							for told := false; !told; {
								cml.Select(accept, cml.On(self.done.PutOp(unit{}), func(unit) { told = true }))
							}
						}),
						cml.On(closed.WaitOp(), func(unit) { open = false }),
					)
				}
				return balance, nil
			})
		}

		// A teller for each account, who knows what he has ordered.
		want := make([][]int, accounts)
		var tellers cml.WaitGroup
		for i := range all {
			tellers.Add(1)
			fibers.Go(func() {
				defer tellers.Done()
				rnd := rand.New(rand.NewPCG(3, uint64(i)))
				want[i] = make([]int, accounts)
				for n := range transfers / accounts {
					o := order{(i + 1) % accounts, 1 + rnd.IntN(100)}
					if n%2 == 1 {
						o.to = (i + 1 + rnd.IntN(accounts-1)) % accounts
					}
					want[i][i] -= o.amount
					want[i][o.to] += o.amount
					all[i].orders.Put(o)
					all[i].done.Get()
				}
			})
		}
		tellers.Wait()
		closed.Signal()
		total := 0
		for i, task := range balances {
			got, _ := task.Await()
			balance := first
			for _, changes := range want {
				balance += changes[i]
			}
			check(t, "a balance", got, balance)
			total += got
		}
		check(t, "the money of all", total, accounts*first)
	})
}
