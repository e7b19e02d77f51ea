package bus_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
)

// stream makes a stream of the subjects "work.*" and a consumer of it.
func stream(t testing.TB, c *bus.Conn, ackWait time.Duration) jetstream.Consumer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := c.JetStream().CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: "work", Subjects: []string{"work.*"}, Retention: jetstream.WorkQueuePolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxDeliver: -1, MaxAckPending: 100000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return consumer
}

func consume(t testing.TB, c *bus.Conn, consumer jetstream.Consumer, opts bus.Options) *bus.Messages {
	t.Helper()
	m, err := bus.Consume(c, consumer, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func publish(t testing.TB, c *bus.Conn, n int) {
	t.Helper()
	name := strconv.Itoa(n)
	if _, err := c.Publish("work."+name, name, []byte(name)); err != nil {
		t.Fatal(err)
	}
}

// take takes the message that is next, which must be that one.
func take(t testing.TB, m *bus.Messages, want int) *bus.Message {
	t.Helper()
	it := check.Soon(t, "a message", m.NextOp())
	if it.Err != nil || string(it.Value.Data()) != strconv.Itoa(want) {
		t.Fatalf("got %+v, not message %d", it, want)
	}
	return it.Value
}

// left returns how many messages the stream has.
func left(t testing.TB, c *bus.Conn) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := c.JetStream().Stream(ctx, "work")
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}
