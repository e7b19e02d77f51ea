package bus_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/embedded"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// What lost takes nothing: it stays for the next performance here.
func TestLosersTakeNothing(t *testing.T) {
	check.Run(t, func() {
		c := check.Connect(t, check.Server(t))
		m := consume(t, c, stream(t, c, time.Minute), bus.Options{Hold: time.Hour})
		local := cml.NewChan[int]()
		for i := range 20 {
			// It waits, so a message is asked for; then something else is chosen.
			fibers.Go(func() { local.Put(i) })
			next := cml.Choice(
				cml.Wrap(local.GetOp(), func(int) *bus.Message { return nil }),
				cml.Wrap(m.NextOp(), func(it cml.Item[*bus.Message]) *bus.Message { return it.Value }))
			if got := cml.Perform(next); got != nil {
				t.Fatal("a message that was not published: ", got)
			}
			publish(t, c, i)
			msg := take(t, m, i)
			if _, delivery, err := msg.Sequence(); err != nil || delivery != 1 {
				t.Fatalf("message %d is delivery %d, %v", i, delivery, err)
			}
			if err := msg.Ack(); err != nil {
				t.Fatal(err)
			}
		}
		if n := left(t, c); n != 0 {
			t.Errorf("%d messages are left", n)
		}
	})
}

// What nobody wants here goes to another process.
func TestUnwantedGoesBack(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		c, other := check.Connect(t, s), check.Connect(t, s)
		consumer := stream(t, c, time.Hour)
		fickle := consume(t, c, consumer, bus.Options{Hold: time.Millisecond})
		if _, ok := fibers.PerformTimeout(fickle.NextOp(), 50*time.Millisecond); ok {
			t.Fatal("a message that was not published")
		}
		publish(t, c, 1) // it goes to the one that has asked, and does not want it any more
		msg := take(t, consume(t, other, consumer, bus.Options{}), 1)
		if err := msg.Ack(); err != nil {
			t.Error(err)
		}
		// By Close likewise, however long it would be held.
		patient := consume(t, c, consumer, bus.Options{Hold: time.Hour, Ahead: 5})
		publish(t, c, 2)
		publish(t, c, 3)
		take(t, patient, 2).Nak(0)
		check.Eventually(t, "message 3 is here", func() bool {
			info, err := consumer.Info(context.Background())
			return err == nil && info.NumAckPending == 2
		})
		patient.Close()
		if it := cml.Perform(patient.NextOp()); !errors.Is(it.Err, bus.ErrClosed) {
			t.Errorf("after Close: %+v", it)
		}
		sum := 0
		m := consume(t, other, consumer, bus.Options{})
		for range 2 {
			it := check.Soon(t, "what was held", m.NextOp())
			n, _ := strconv.Atoi(string(it.Value.Data()))
			sum += n
			if err := it.Value.Ack(); err != nil {
				t.Error(err)
			}
		}
		if sum != 5 {
			t.Error("not messages 2 and 3")
		}
	})
}

// Conservation: of n messages, each is taken once, by parties that lose most of the time, in
// several processes' worth of connections. No message is redelivered because its time is up,
// so one that was taken twice, or lost, is a fault here.
func TestConservationStress(t *testing.T) {
	check.Run(t, func() {
		const conns, parties, n = 3, 8, 2000
		s := check.Server(t)
		first := check.Connect(t, s)
		consumer := stream(t, first, time.Hour)
		var taken [n]atomic.Int32
		var total, lost atomic.Int32
		all := cml.NewCond()
		var ended cml.WaitGroup
		for k := range conns {
			c := check.Connect(t, s)
			m := consume(t, c, consumer, bus.Options{Ahead: k * 3, Hold: time.Duration(k) * 10 * time.Millisecond})
			for p := range parties {
				ended.Add(1)
				check.Go(p, func() {
					defer ended.Done()
					rng := rand.New(rand.NewPCG(uint64(k), uint64(p)))
					for !all.Signalled() {
						it, other, ok := cml.PerformUntil(m.NextOp(), cml.Choice(
							cml.Wrap(fibers.After(time.Duration(rng.IntN(1500))*time.Microsecond), func(time.Time) string { return "time" }),
							cml.Wrap(all.WaitOp(), func(cml.Unit) string { return "end" })))
						if !ok {
							if other == "time" {
								lost.Add(1)
							}
							continue
						}
						if it.Err != nil {
							t.Error(it.Err)
							return
						}
						i, err := strconv.Atoi(string(it.Value.Data()))
						if err != nil {
							t.Error(err)
							return
						}
						if times := taken[i].Add(1); times > 1 {
							t.Errorf("message %d has been taken %d times", i, times)
						}
						if err := it.Value.Ack(); err != nil {
							t.Error(err)
						}
						if total.Add(1) == n {
							all.Signal()
						}
					}
				})
			}
		}
		// In bursts, so that the parties are idle in between.
		for i := 0; i < n; {
			var tasks []*fibers.Task[bus.Receipt]
			for range min(50, n-i) {
				op := first.PublishOp("work."+strconv.Itoa(i), "", []byte(strconv.Itoa(i)))
				tasks = append(tasks, fibers.Spawn(func() (bus.Receipt, error) { it := cml.Perform(op); return it.Value, it.Err }))
				i++
			}
			for _, task := range tasks {
				if _, err := task.Await(); err != nil {
					t.Fatal(err)
				}
			}
			fibers.Sleep(time.Millisecond)
		}
		if _, ok := fibers.PerformTimeout(ended.WaitOp(), time.Minute); !ok {
			all.Signal()
			t.Fatalf("only %d of %d messages have come", total.Load(), n)
		}
		if lost.Load() == 0 {
			t.Error("nobody has lost: this shows nothing")
		}
		if n := left(t, first); n != 0 {
			t.Errorf("%d messages are left", n)
		}
		t.Logf("%d performances lost", lost.Load())
	})
}

// Who waits goes on waiting while the server is away.
func TestServerComesBack(t *testing.T) {
	check.Run(t, func() {
		dir := t.TempDir()
		s, err := embedded.Start(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := check.Connect(t, s)
		m := consume(t, c, stream(t, c, 2*time.Second), bus.Options{})
		publish(t, c, 1)
		taken := take(t, m, 1)
		waiting := fibers.Spawn(func() (*bus.Message, error) { return m.Next() })
		s.Stop()
		check.Eventually(t, "the connection is lost", func() bool { return !c.NATS().IsConnected() })
		if s, err = embedded.Start(dir, s.Port()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Stop)
		check.Eventually(t, "the connection is there", c.NATS().IsConnected)
		// The one that was taken can be acknowledged, or is delivered again: a server that did
		// not keep the delivery says nothing.
		check.Eventually(t, "the acknowledgement is answered, or not", func() bool {
			err, ok := fibers.PerformTimeout(taken.AckOp(), 3*time.Second)
			return !ok || err == nil
		})
		check.Eventually(t, "message 2 is stored", func() bool {
			it, ok := fibers.PerformTimeout(c.PublishOp("work.2", "2", []byte("2")), time.Second)
			return ok && it.Err == nil
		})
		r := check.Soon(t, "a message", waiting.AwaitOp())
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		for string(r.Value.Data()) == "1" { // delivered again before the acknowledgement
			if err := r.Value.Ack(); err != nil {
				t.Fatal(err)
			}
			it := check.Soon(t, "message 2", m.NextOp())
			r.Value = it.Value
		}
		if err := r.Value.Ack(); err != nil {
			t.Error(err)
		}
	})
}

// The end of a consumer, and of a connection, is told to who waits.
func TestEnds(t *testing.T) {
	check.Run(t, func() {
		c := check.Connect(t, check.Server(t))
		consumer := stream(t, c, time.Minute)
		m := consume(t, c, consumer, bus.Options{})
		var waiting []*fibers.Task[*bus.Message]
		for range 5 {
			waiting = append(waiting, fibers.Spawn(m.Next))
		}
		check.Eventually(t, "the server knows who waits", func() bool {
			info, err := consumer.Info(context.Background())
			return err == nil && info.NumWaiting > 0
		})
		if err := c.JetStream().DeleteConsumer(context.Background(), "work", "workers"); err != nil {
			t.Fatal(err)
		}
		for _, task := range waiting {
			if r := check.Soon(t, "the end of the consumer", task.AwaitOp()); !errors.Is(r.Err, bus.ErrNoConsumer) {
				t.Errorf("waiting ends with %v", r.Err)
			}
		}
		m = consume(t, c, stream(t, c, time.Minute), bus.Options{})
		task := fibers.Spawn(m.Next)
		ask := fibers.Spawn(func() ([]byte, error) { return c.Request("nobody.here", nil) })
		if r := check.Soon(t, "no service", ask.AwaitOp()); !errors.Is(r.Err, bus.ErrNoService) {
			t.Errorf("a request of nobody: %v", r.Err)
		}
		c.Close()
		if r := check.Soon(t, "the end of the connection", task.AwaitOp()); !errors.Is(r.Err, bus.ErrClosed) {
			t.Errorf("waiting ends with %v", r.Err)
		}
		if _, err := c.Request("x", nil); !errors.Is(err, bus.ErrClosed) {
			t.Errorf("a request afterwards: %v", err)
		}
		if _, err := bus.Consume(c, consumer, bus.Options{}); err == nil {
			t.Error("Consume of a closed connection succeeds")
		}
	})
}
