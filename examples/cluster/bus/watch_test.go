package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func bucket(t testing.TB, c *bus.Conn) jetstream.KeyValue {
	t.Helper()
	kv, err := c.JetStream().CreateKeyValue(context.Background(), jetstream.KeyValueConfig{Bucket: "settings"})
	if err != nil {
		t.Fatal(err)
	}
	return kv
}

func put(t testing.TB, kv jetstream.KeyValue, key, value string) {
	t.Helper()
	if _, err := kv.PutString(context.Background(), key, value); err != nil {
		t.Fatal(err)
	}
}

// A watcher ends up with the latest value of each key, and may leave out others.
func TestWatch(t *testing.T) {
	check.Run(t, func() {
		c := check.Connect(t, check.Server(t))
		kv := bucket(t, c)
		put(t, kv, "colour", "grey")
		w, err := bus.Watch(context.Background(), kv, ">")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
		if it := check.Soon(t, "what was there", w.NextOp()); it.Err != nil || string(it.Value.Value()) != "grey" {
			t.Fatalf("got %+v", it)
		}
		if _, ok := fibers.PerformTimeout(w.NextOp(), 5*time.Millisecond); ok {
			t.Error("a value comes twice")
		}
		const keys, values = 5, 40
		fibers.Go(func() {
			for v := range values {
				for k := range keys {
					put(t, kv, fmt.Sprint("key", k), fmt.Sprint(v))
				}
			}
		})
		latest, seen := map[string]string{}, 0
		for full := 0; full < keys; {
			it, ok := fibers.PerformTimeout(w.NextOp(), time.Duration(seen%3)*time.Millisecond)
			if !ok {
				seen++ // it lost, and has taken nothing
				continue
			}
			if it.Err != nil {
				t.Fatal(it.Err)
			}
			key, value := it.Value.Key(), string(it.Value.Value())
			if latest[key] == value {
				t.Fatalf("%s = %s comes twice", key, value)
			}
			latest[key] = value
			if value == fmt.Sprint(values-1) {
				full++
			}
			seen++
		}
		if err := kv.Delete(context.Background(), "key0"); err != nil {
			t.Fatal(err)
		}
		if it := check.Soon(t, "the deletion", w.NextOp()); it.Err != nil || it.Value.Operation() != jetstream.KeyValueDelete {
			t.Errorf("got %+v", it)
		}
		w.Close()
		if it := cml.Perform(w.NextOp()); !errors.Is(it.Err, bus.ErrClosed) {
			t.Errorf("after Close: %+v", it)
		}
	})
}

func TestValueOp(t *testing.T) {
	check.Run(t, func() {
		c := check.Connect(t, check.Server(t))
		kv := bucket(t, c)
		green := bus.ValueOp(kv, "light", func(e jetstream.KeyValueEntry) bool { return string(e.Value()) == "green" })
		put(t, kv, "light", "red")
		for range 3 {
			if it, ok := fibers.PerformTimeout(green, 20*time.Millisecond); ok {
				t.Fatalf("got %+v", it)
			}
		}
		task := fibers.Spawn(func() (string, error) {
			it := cml.Perform(green)
			return string(it.Value.Value()), it.Err
		})
		put(t, kv, "light", "yellow")
		put(t, kv, "light", "green")
		if r := check.Soon(t, "the light", task.AwaitOp()); r.Value != "green" || r.Err != nil {
			t.Errorf("got %+v", r)
		}
		if it := check.Soon(t, "what is so already", green); it.Err != nil {
			t.Error(it.Err)
		}
		task = fibers.Spawn(func() (string, error) {
			it := cml.Perform(bus.ValueOp(kv, "none", func(jetstream.KeyValueEntry) bool { return true }))
			return "", it.Err
		})
		fibers.Sleep(20 * time.Millisecond) // sleep: so that it waits, mostly
		c.Close()
		if r := check.Soon(t, "the end of the connection", task.AwaitOp()); r.Err == nil {
			t.Error("a watch outlives its connection")
		}
	})
}

func TestSubscribe(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		near, far := check.Connect(t, s), check.Connect(t, s)
		sub, err := near.Subscribe("news.*", 10)
		if err != nil {
			t.Fatal(err)
		}
		if err := near.NATS().Flush(); err != nil {
			t.Fatal(err)
		}
		if _, ok := fibers.PerformTimeout(sub.NextOp(), time.Millisecond); ok {
			t.Error("news that nobody has published")
		}
		for i := range 30 {
			if err := far.NATS().Publish("news.x", []byte(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		check.Eventually(t, "all have come", func() bool { return sub.Dropped() == 20 })
		for i := range 10 {
			if m, err := sub.Next(); err != nil || string(m.Data) != fmt.Sprint(20+i) {
				t.Fatalf("got %v, %v", m, err)
			}
		}
		sub.Close()
		if _, err := sub.Next(); !errors.Is(err, bus.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}
