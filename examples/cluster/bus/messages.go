package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed222ee791/fibers/cml"
)

// ErrNoConsumer: the consumer, or its stream, has been deleted.
var ErrNoConsumer = errors.New("bus: the consumer is not there any more")

// Options say how Messages pull. Zero values stand for the defaults.
type Options struct {
	// Ahead is how many messages are asked for beyond those that somebody waits for:
	// fewer round trips for parties that take one after the other. Default 0.
	Ahead int
	// Hold is how long a message that nobody wants any more stays here before it goes back
	// to the stream. Default: a quarter of the consumer's AckWait, and at most 5 s.
	Hold time.Duration
	// Expires is how long one request for messages is good for. After that, and a
	// little, another is made, whatever may have become of it. Default 5 s.
	Expires time.Duration
}

// Messages are what a pull consumer of a stream has for this process. Of the processes
// that consume by the same consumer, each gets some.
//
// A message is asked for only while somebody waits for one. One request is under way at a
// time, for as many as wait when it is made.
//
// M2: the state of the request, under box.mu. A performance that begins to wait wakes the
// puller, which asks if nothing is under way. What has been asked for comes, or its
// refusal, or neither in time: in each case asked goes down to 0 and the puller looks
// whether more is wanted. So as long as somebody waits, a request is under way, or
// the time of the next is set. If one that had been given up is answered after all, there is
// a message too many, which is held, and goes back.
type Messages struct {
	conn   *Conn
	next   string // where to ask
	inbox  string // where what was asked for comes: inbox + number
	sub    *nats.Subscription
	opts   Options
	wake   chan struct{} // room for one
	pulled *cml.Cond     // the puller has ended
	silent *cml.Cond     // the subscription has: received is not called any more
	box    mailbox[*Message]

	// Under box.mu:
	asked    int       // messages of the request under way that are still to come
	pull     uint64    // the number of the latest request
	deadline time.Time // when it is given up
	earliest time.Time // no request before, as the last one failed
}

// Consume begins to hand out messages of a pull consumer, which acknowledges explicitly.
func Consume(c *Conn, consumer jetstream.Consumer, opts Options) (*Messages, error) {
	if opts.Ahead < 0 || opts.Hold < 0 || opts.Expires < 0 {
		panic("bus: Consume with a negative option")
	}
	info := consumer.CachedInfo()
	if info == nil || info.Config.AckPolicy != jetstream.AckExplicitPolicy || info.Config.DeliverSubject != "" {
		return nil, errors.New("bus: Consume wants a pull consumer with explicit acknowledgement")
	}
	if opts.Hold == 0 {
		opts.Hold = min(info.Config.AckWait/4, 5*time.Second)
	}
	if opts.Expires == 0 {
		opts.Expires = 5 * time.Second
	}
	m := &Messages{
		conn:  c,
		next:  "$JS.API.CONSUMER.MSG.NEXT." + info.Stream + "." + info.Name,
		inbox: nats.NewInbox() + ".",
		opts:  opts, wake: make(chan struct{}, 1), pulled: cml.NewCond(), silent: cml.NewCond(),
	}
	m.box.wanted = m.kick
	var err error
	if m.sub, err = c.nats.Subscribe(m.inbox+"*", m.received); err != nil {
		return nil, fmt.Errorf("bus: consuming: %w", err)
	}
	m.sub.SetClosedHandler(func(string) { m.silent.Signal() })
	m.sub.SetPendingLimits(-1, -1) // there is no more than was asked for
	c.mu.Lock()
	closed := c.mu.closed
	c.mu.pulls[m] = struct{}{}
	c.mu.Unlock()
	go m.run()
	if closed {
		m.close(ErrClosed)
		return nil, ErrClosed
	}
	return m, nil
}

// Next waits for a message and takes it.
func (m *Messages) Next() (*Message, error) {
	it := cml.Perform(m.NextOp())
	return it.Value, it.Err
}

// NextOp is Next as an op. If it loses no message has been taken. The error is ErrClosed or
// ErrNoConsumer; while the connection is down, it waits. Poll of it takes what is here
// already, and asks for nothing.
func (m *Messages) NextOp() cml.Op[cml.Item[*Message]] { return m.box.op() }

// Close ends it: messages that nobody has taken go back to the stream at once, also those that
// are on their way, and who waits gets ErrClosed. It takes a round trip to the server. What
// has been taken can still be acknowledged.
func (m *Messages) Close() {
	m.close(ErrClosed)
	m.pulled.Wait()
}

func (m *Messages) close(err error) {
	m.box.end(err)
	m.kick()
}

func (m *Messages) kick() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// lostPull is called when the connection is there again, without what had been asked for.
func (m *Messages) lostPull() {
	m.box.mu.Lock()
	m.asked, m.earliest = 0, time.Time{}
	m.box.mu.Unlock()
	m.kick()
}

// run is the puller: it asks, and gives back what nobody wants.
func (m *Messages) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		ask, back, next, ended := m.look(time.Now())
		if ended {
			m.leave(back)
			return
		}
		for _, msg := range back {
			msg.Nak(0)
		}
		if ask != nil {
			m.conn.post(ask)
		}
		timer.Reset(next)
		select {
		case <-m.wake:
		case <-timer.C:
		}
	}
}

// leave ends the subscription and gives back what is held. First the server learns that
// nothing is to be delivered here any more, on the same connection and so before it learns of
// what is given back, which would come here again otherwise. What it has sent until then
// still comes, and received gives it back.
func (m *Messages) leave(back []*Message) {
	end := m.sub.Drain
	if m.conn.nats.IsReconnecting() { // there is nothing to wait for
		end = m.sub.Unsubscribe
	}
	if end() != nil { // the connection is closed
		m.silent.Signal()
	}
	for _, msg := range back {
		msg.Nak(0)
	}
	m.silent.Wait()
	m.conn.mu.Lock()
	delete(m.conn.mu.pulls, m)
	m.conn.mu.Unlock()
	m.pulled.Signal()
}

// look returns what is to be done: a request to send, messages to give back, and when to look
// again.
func (m *Messages) look(now time.Time) (ask *nats.Msg, back []*Message, next time.Duration, ended bool) {
	m.box.mu.Lock()
	defer m.box.mu.Unlock()
	ended = m.box.err != nil
	until := now.Add(time.Hour)
	for e := m.box.held.Front(); e != nil; e = m.box.held.Front() {
		if due := e.Value.(*Message).come.Add(m.opts.Hold); !ended && due.After(now) {
			until = due
			break
		}
		back = append(back, m.box.drop(e))
	}
	if ended {
		return nil, back, 0, true
	}
	if m.asked > 0 && !m.deadline.After(now) {
		m.asked = 0
	}
	switch wanted := m.box.waiting.Len(); {
	case m.asked > 0:
		if m.deadline.Before(until) {
			until = m.deadline
		}
	case wanted > 0 && m.earliest.After(now):
		if m.earliest.Before(until) {
			until = m.earliest
		}
	case wanted > 0:
		m.asked = wanted + m.opts.Ahead
		m.pull++
		m.deadline = now.Add(m.opts.Expires + 2*time.Second)
		if m.deadline.Before(until) {
			until = m.deadline
		}
		data, err := json.Marshal(struct {
			Expires time.Duration `json:"expires"`
			Batch   int           `json:"batch"`
		}{m.opts.Expires, m.asked})
		if err != nil {
			panic("bus: a request for messages cannot be written: " + err.Error())
		}
		ask = &nats.Msg{Subject: m.next, Reply: m.inbox + strconv.FormatUint(m.pull, 10), Data: data}
	}
	return ask, back, until.Sub(now), false
}

// received is called by the client library for what comes.
func (m *Messages) received(msg *nats.Msg) {
	if status := msg.Header.Get("Status"); status != "" && len(msg.Data) == 0 {
		m.refused(msg.Subject, status, msg.Header.Get("Description"))
		return
	}
	message := &Message{msg: msg, conn: m.conn, come: time.Now()}
	m.box.mu.Lock()
	if m.asked > 0 {
		m.asked--
	}
	kept := m.box.deliverLocked(message)
	m.box.mu.Unlock()
	m.kick() // it may be held, or the last that was asked for
	if !kept {
		message.Nak(0) // closed
	}
}

// refused is called if a request will not bring what it asked for, or not all.
func (m *Messages) refused(subject, status, description string) {
	var end error
	m.box.mu.Lock()
	if subject == m.inbox+strconv.FormatUint(m.pull, 10) {
		switch {
		case status == "408" || status == "404": // the time is up
			m.asked = 0
		case status == "409" && description == "Consumer Deleted", status == "400":
			end = fmt.Errorf("%w: %s", ErrNoConsumer, description)
		case status != "100":
			// Too many requests, a server that is going, no leader, nobody: later.
			m.asked, m.earliest = 0, time.Now().Add(250*time.Millisecond)
		}
	}
	m.box.mu.Unlock()
	if end != nil {
		m.close(end)
	}
	m.kick()
}
