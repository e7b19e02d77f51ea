package bus

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/seed222ee791/fibers/cml"
)

// A Message is one delivery of a message of a stream. Until it is acknowledged, or its
// consumer's AckWait has passed since it was delivered or InProgress, it is with us.
type Message struct {
	msg  *nats.Msg
	conn *Conn
	come time.Time
}

// Subject returns the subject that it was published at.
func (m *Message) Subject() string { return m.msg.Subject }

// Data returns what was published, which must not be changed.
func (m *Message) Data() []byte { return m.msg.Data }

// Header returns a header of it, "" if there is none.
func (m *Message) Header(key string) string { return m.msg.Header.Get(key) }

// Sequence returns its number in the stream, and which delivery of it this is, from 1. Some
// deliveries may have been to parties that did not want it any more.
func (m *Message) Sequence() (stream, delivery uint64, err error) {
	meta, err := m.msg.Metadata()
	if err != nil {
		return 0, 0, fmt.Errorf("bus: %w", err)
	}
	return meta.Sequence.Stream, meta.NumDelivered, nil
}

// Ack acknowledges the message and waits until the server has noted that: then it is not
// delivered again. See AckOp.
func (m *Message) Ack() error { return cml.Perform(m.AckOp()) }

// AckOp is Ack as an op. The acknowledgement is sent when it is performed. If it loses, or
// fails with ErrUnknown, the message may be delivered again or not. A server that was started
// again, and has not kept the delivery, does not answer, and delivers it again: put fibers.After
// beside it.
func (m *Message) AckOp() cml.Op[error] {
	ask := m.conn.askOp(func() *nats.Msg { return &nats.Msg{Subject: m.msg.Reply, Data: []byte("+ACK")} }, false)
	return cml.Wrap(ask, func(it cml.Item[*nats.Msg]) error { return it.Err })
}

// Nak gives the message back: it is delivered again, to whoever wants one, when the delay
// has passed.
func (m *Message) Nak(delay time.Duration) {
	data := "-NAK"
	if delay > 0 {
		data = fmt.Sprintf(`-NAK {"delay": %d}`, delay.Nanoseconds())
	}
	m.conn.post(&nats.Msg{Subject: m.msg.Reply, Data: []byte(data)})
}

// InProgress tells the server that we are at it: the AckWait begins anew.
func (m *Message) InProgress() {
	m.conn.post(&nats.Msg{Subject: m.msg.Reply, Data: []byte("+WPI")})
}
