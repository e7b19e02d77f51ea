package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed222ee791/fibers/cml"
)

// An Entry is a value of a key, or the mark of its deletion.
type Entry = jetstream.KeyValueEntry

// A Watcher follows keys of a bucket: their present values, and then what changes. Of a key
// that changes faster than its values are taken, only the latest is there.
type Watcher struct {
	w     jetstream.KeyWatcher
	box   mailbox[Entry]
	ended *cml.Cond
}

// Watch begins to follow the keys that match the pattern, in which * stands for any word
// and > for any words that follow. It waits until the server has taken that note, as long
// as ctx allows.
func Watch(ctx context.Context, kv jetstream.KeyValue, pattern string) (*Watcher, error) {
	w, err := kv.Watch(ctx, pattern)
	if err != nil {
		return nil, fmt.Errorf("bus: watching: %w", err)
	}
	x := &Watcher{w: w, ended: cml.NewCond()}
	x.box.key = Entry.Key
	go func() {
		for e := range w.Updates() {
			if e != nil { // nil stands between what was there and what is new
				x.box.deliver(e)
			}
		}
		x.box.end(ErrClosed)
		x.ended.Signal()
	}()
	return x, nil
}

// Next waits for a value that has not been taken, also the mark of a deletion.
func (x *Watcher) Next() (Entry, error) {
	it := cml.Perform(x.NextOp())
	return it.Value, it.Err
}

// NextOp is Next as an op. If it loses no value has been taken.
func (x *Watcher) NextOp() cml.Op[cml.Item[Entry]] { return x.box.op() }

// Close ends it and returns when it has ended. What is here can still be taken.
func (x *Watcher) Close() {
	x.w.Stop()
	x.ended.Wait()
}

// ValueOp is ready when a key has a value that accept says yes to, now or later. Each
// performance watches the key for itself, and no longer; so many that wait at a time
// are better served by one Watcher. accept is called in a goroutine. While no server answers for
// the key, as when they are about to agree on another that leads, it waits.
func ValueOp(kv jetstream.KeyValue, key string, accept func(Entry) bool) cml.Op[cml.Item[Entry]] {
	type watch struct {
		found *cml.IVar[cml.Item[Entry]]
		stop  context.CancelFunc
	}
	return cml.Bracket(
		func() watch {
			ctx, stop := context.WithCancel(context.Background())
			w := watch{cml.NewIVar[cml.Item[Entry]](), stop}
			go func() {
				e, err := find(ctx, kv, key, accept)
				w.found.Fill(cml.Item[Entry]{Value: e, Err: err})
			}()
			return w
		},
		func(w watch, aborted bool) { w.stop() },
		func(w watch) cml.Op[cml.Item[Entry]] { return w.found.ReadOp() },
	)
}

// unanswered reports whether the client library gave up waiting for the servers, in a call that has no
// deadline of its own.
func unanswered(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout)
}

func find(ctx context.Context, kv jetstream.KeyValue, key string, accept func(Entry) bool) (Entry, error) {
	w, err := kv.Watch(ctx, key)
	for err != nil && unanswered(err) && ctx.Err() == nil {
		w, err = kv.Watch(ctx, key) // it was not refused at once
	}
	if err != nil {
		return nil, fmt.Errorf("bus: watching: %w", err)
	}
	defer func() {
		w.Stop()
		for range w.Updates() { // until it has ended
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case e, ok := <-w.Updates():
			if !ok {
				return nil, ErrClosed
			}
			if e != nil && accept(e) {
				return e, nil
			}
		}
	}
}
