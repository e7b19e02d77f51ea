package bus

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/seed222ee791/fibers/cml"
)

// A Subscription gets what is published at a subject from now on, and is kept nowhere: what
// comes while the connection is down is lost, and of what comes faster than it is taken, the
// oldest.
type Subscription struct {
	sub *nats.Subscription
	box *cml.Queue[*nats.Msg]
}

// Subscribe subscribes to a subject, in which * stands for any word and > for any words
// that follow. It keeps up to room messages for who takes them later.
func (c *Conn) Subscribe(subject string, room int) (*Subscription, error) {
	s := &Subscription{box: cml.NewSliding[*nats.Msg](room)}
	var err error
	if s.sub, err = c.nats.Subscribe(subject, func(m *nats.Msg) { _ = s.box.Put(m) }); err != nil {
		return nil, fmt.Errorf("bus: subscribing: %w", err)
	}
	s.sub.SetClosedHandler(func(string) { s.box.Close(ErrClosed) })
	return s, nil
}

// Next waits for a message and takes it. After the end it returns ErrClosed.
func (s *Subscription) Next() (*nats.Msg, error) { return s.box.Get() }

// NextOp is Next as an op. If it loses no message has been taken.
func (s *Subscription) NextOp() cml.Op[cml.Item[*nats.Msg]] { return s.box.GetOp() }

// Dropped returns how many messages have been lost here because nobody took them.
func (s *Subscription) Dropped() uint64 { return s.box.Dropped() }

// Close ends it. What has come can still be taken.
func (s *Subscription) Close() {
	s.sub.Unsubscribe()
	s.box.Close(ErrClosed)
}
