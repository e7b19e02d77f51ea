package bus

import (
	"github.com/nats-io/nats.go"

	"github.com/seed222ee791/fibers/cml"
)

// errorHeader is the header of a reply that is an error.
const errorHeader = "Fibers-Error"

// A RemoteError is what a service says instead of an answer.
type RemoteError struct{ Text string }

// Error implements error.
func (e *RemoteError) Error() string { return "bus: the service says: " + e.Text }

// Request asks whoever serves subject and returns the answer.
func (c *Conn) Request(subject string, data []byte) ([]byte, error) {
	it := cml.Perform(c.RequestOp(subject, data))
	return it.Value, it.Err
}

// RequestOp is Request as an op. The request is sent when the op is performed, each time
// anew and whether or not it is chosen; if it loses it is withdrawn. The error is ErrNoService
// if nobody serves the subject, ErrBusy, ErrUnknown, ErrClosed, or a *RemoteError. It may
// wait for ever, for a service that was killed: put fibers.After beside it.
func (c *Conn) RequestOp(subject string, data []byte) cml.Op[cml.Item[[]byte]] {
	ask := c.askOp(func() *nats.Msg { return &nats.Msg{Subject: subject, Data: data} }, true)
	return cml.Wrap(ask, func(it cml.Item[*nats.Msg]) cml.Item[[]byte] {
		if it.Err != nil {
			return cml.Item[[]byte]{Err: it.Err}
		}
		switch text := it.Value.Header.Get(errorHeader); text {
		case "":
			return cml.Item[[]byte]{Value: it.Value.Data}
		case ErrBusy.Error():
			return cml.Item[[]byte]{Err: ErrBusy}
		default:
			return cml.Item[[]byte]{Err: &RemoteError{text}}
		}
	})
}
