package bus

import (
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed222ee791/fibers/cml"
)

// A Receipt is what the server says of a message that it has stored.
type Receipt struct {
	Stream   string
	Sequence uint64
	Again    bool // it had one with the same ID already, and has stored nothing
}

// Publish stores data in the stream that has the subject, and waits until that has
// happened, on a majority of the stream's servers if there are several. See PublishOp.
func (c *Conn) Publish(subject, id string, data []byte) (Receipt, error) {
	it := cml.Perform(c.PublishOp(subject, id, data))
	return it.Value, it.Err
}

// PublishOp is Publish as an op. If id is not "", the stream stores the message only if it
// has seen none with that ID in its window of duplicates (two minutes, unless it says
// otherwise). So what lost or failed with ErrUnknown, and may have been stored or not, can
// be published again.
func (c *Conn) PublishOp(subject, id string, data []byte) cml.Op[cml.Item[Receipt]] {
	ask := c.askOp(func() *nats.Msg {
		msg := &nats.Msg{Subject: subject, Data: data}
		if id != "" {
			msg.Header = nats.Header{jetstream.MsgIDHeader: {id}}
		}
		return msg
	}, false)
	return cml.Wrap(ask, func(it cml.Item[*nats.Msg]) cml.Item[Receipt] {
		if it.Err != nil {
			return cml.Item[Receipt]{Err: it.Err}
		}
		r, err := receipt(it.Value.Data)
		return cml.Item[Receipt]{Value: r, Err: err}
	})
}

func receipt(data []byte) (Receipt, error) {
	var ack struct {
		Error *jetstream.APIError `json:"error"`
		jetstream.PubAck
	}
	if err := json.Unmarshal(data, &ack); err != nil {
		return Receipt{}, fmt.Errorf("bus: not the answer of a stream: %w", err)
	}
	if ack.Error != nil {
		return Receipt{}, fmt.Errorf("bus: not stored: %w", ack.Error)
	}
	if ack.Stream == "" {
		return Receipt{}, fmt.Errorf("bus: not the answer of a stream: %q", data)
	}
	return Receipt{ack.Stream, ack.Sequence, ack.Duplicate}, nil
}
