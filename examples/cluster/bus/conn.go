package bus

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed222ee791/fibers/cml"
)

var (
	// ErrClosed: the connection, or what was waited for, has been closed here.
	ErrClosed = errors.New("bus: closed")
	// ErrUnknown: the connection broke while a request was under way. It may have been
	// carried out, be carried out later, or never.
	ErrUnknown = errors.New("bus: the connection was lost, and what has become of the request is not known")
	// ErrBusy: more waits to be sent, or to be done, than is allowed.
	ErrBusy = errors.New("bus: too much is under way already")
	// ErrNoService: nobody answers at this subject.
	ErrNoService = errors.New("bus: nobody answers at this subject")
	// ErrBadSubject: NATS does not take such a subject.
	ErrBadSubject = errors.New("bus: a subject has words of visible characters with dots between them")
)

// mostUnsent is how many requests may wait to be written to the connection.
const mostUnsent = 10000

// A Conn is a connection to NATS. It is made again by itself, for as long as that takes,
// when it breaks.
type Conn struct {
	nats  *nats.Conn
	js    jetstream.JetStream
	inbox string // what the subjects of replies begin with
	ended *cml.Cond

	// out has what is to be sent, in order, so that a withdrawal is behind its request.
	// One goroutine takes it out.
	out *cml.Queue[outgoing]

	mu struct {
		sync.Mutex
		closed bool
		last   uint64
		calls  map[string]*call // by the subject of their replies
		pulls  map[*Messages]struct{}
	}
}

// outgoing is a message and, if a reply is expected, who waits for it.
type outgoing struct {
	msg  *nats.Msg
	call *call
}

// A call is one performance that waits for a reply. Its reply is filled once: by the reply,
// by the loss or the end of the connection.
type call struct {
	token    string // the subject of the reply
	subject  string
	reply    *cml.IVar[cml.Item[*nats.Msg]]
	withdraw bool // a service is told if the call is given up
}

// Connect connects to the servers of url, which are separated by commas. The options are
// those of the client library, but for the handlers of events, which Connect sets.
func Connect(url string, opts ...nats.Option) (*Conn, error) {
	c := &Conn{inbox: nats.NewInbox() + ".", ended: cml.NewCond(), out: cml.NewQueue[outgoing](0)}
	c.mu.calls = make(map[string]*call)
	c.mu.pulls = make(map[*Messages]struct{})
	opts = append([]nats.Option{
		nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond), nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // else it prints
	}, opts...)
	opts = append(opts,
		nats.DisconnectErrHandler(func(*nats.Conn, error) { c.fail(ErrUnknown) }),
		nats.ReconnectHandler(func(*nats.Conn) { c.reconnected() }),
		nats.ClosedHandler(func(*nats.Conn) { c.over() }))
	var err error
	if c.nats, err = nats.Connect(url, opts...); err != nil {
		return nil, fmt.Errorf("bus: connecting: %w", err)
	}
	if c.js, err = jetstream.New(c.nats); err == nil {
		var sub *nats.Subscription
		if sub, err = c.nats.Subscribe(c.inbox+"*", c.replied); err == nil {
			err = sub.SetPendingLimits(-1, -1) // there are no more than calls
		}
	}
	if err != nil {
		c.nats.Close()
		return nil, fmt.Errorf("bus: connecting: %w", err)
	}
	go c.send()
	return c, nil
}

// JetStream returns the client of the streams, for making them. Its calls wait in Go's
// way: see fibers.Blocking.
func (c *Conn) JetStream() jetstream.JetStream { return c.js }

// NATS returns the connection itself.
func (c *Conn) NATS() *nats.Conn { return c.nats }

// Close gives back what Messages of it hold, sends what waits to be sent, and ends the
// connection. Who waits for something gets ErrClosed.
func (c *Conn) Close() {
	for _, m := range c.close() {
		m.Close()
	}
	c.out.Close(ErrClosed) // the sender ends the connection when it has sent what there is
	c.ended.Wait()
}

// close has nothing new begin, and returns the Messages that there are.
func (c *Conn) close() []*Messages {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.closed = true
	return slices.Collect(maps.Keys(c.mu.pulls))
}

// over is called when the connection has ended for good.
func (c *Conn) over() {
	pulls := c.close()
	c.out.Close(ErrClosed)
	for _, m := range pulls {
		m.close(ErrClosed)
	}
	c.fail(ErrClosed)
	c.ended.Signal()
}

// send is the goroutine that sends.
func (c *Conn) send() {
	for o := range c.out.All() {
		if o.call != nil && !c.waits(o.call) {
			continue // given up before it was sent
		}
		if err := c.nats.PublishMsg(o.msg); err != nil && o.call != nil {
			c.fill(o.call, cml.Item[*nats.Msg]{Err: fmt.Errorf("bus: sending: %w", err)})
		}
	}
	if !c.nats.IsReconnecting() { // where nothing could be sent, and waiting would take long
		c.nats.FlushTimeout(5 * time.Second)
	}
	c.nats.Close()
}

// post sends a message sometime; what cannot be sent is not missed.
func (c *Conn) post(msg *nats.Msg) { _ = c.out.Put(outgoing{msg: msg}) }

func (c *Conn) waits(k *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.calls[k.token] == k
}

// fill ends a call, unless it has been.
func (c *Conn) fill(k *call, it cml.Item[*nats.Msg]) {
	if c.forget(k) {
		k.reply.Fill(it)
	}
}

// forget takes k out of the calls and reports whether it was there.
func (c *Conn) forget(k *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	there := c.mu.calls[k.token] == k
	if there {
		delete(c.mu.calls, k.token)
	}
	return there
}

// fail ends all calls.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	calls := c.mu.calls
	c.mu.calls = make(map[string]*call)
	c.mu.Unlock()
	for _, k := range calls {
		c.tell(k)
		k.reply.Fill(cml.Item[*nats.Msg]{Err: err})
	}
}

func (c *Conn) reconnected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for m := range c.mu.pulls {
		m.lostPull()
	}
}

// replied is called by the client library for each reply.
func (c *Conn) replied(msg *nats.Msg) {
	c.mu.Lock()
	k := c.mu.calls[msg.Subject]
	delete(c.mu.calls, msg.Subject)
	c.mu.Unlock()
	if k == nil {
		return // given up
	}
	it := cml.Item[*nats.Msg]{Value: msg}
	if len(msg.Data) == 0 && msg.Header.Get("Status") == "503" {
		it = cml.Item[*nats.Msg]{Err: ErrNoService}
	}
	k.reply.Fill(it)
}

// askOp is the operation that sends a message and is ready when the reply has come. Each
// performance sends, with a reply subject of its own.
func (c *Conn) askOp(write func() *nats.Msg, withdraw bool) cml.Op[cml.Item[*nats.Msg]] {
	return cml.Guard(func() cml.Op[cml.Item[*nats.Msg]] {
		k, err := c.begin(write(), withdraw)
		if err != nil {
			return cml.Always(cml.Item[*nats.Msg]{Err: err})
		}
		return cml.OnAbort(k.reply.ReadOp(), func() { c.giveUp(k) })
	})
}

func (c *Conn) begin(msg *nats.Msg, withdraw bool) (*call, error) {
	if !goodSubject(msg.Subject) {
		return nil, fmt.Errorf("%w: %q", ErrBadSubject, msg.Subject)
	}
	if int64(len(msg.Data)) > c.nats.MaxPayload() {
		return nil, fmt.Errorf("bus: sending: %w", nats.ErrMaxPayload)
	}
	if c.out.Len() > mostUnsent {
		return nil, ErrBusy
	}
	k := &call{subject: msg.Subject, reply: cml.NewIVar[cml.Item[*nats.Msg]](), withdraw: withdraw}
	c.mu.Lock()
	if c.mu.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	c.mu.last++
	k.token = c.inbox + strconv.FormatUint(c.mu.last, 36)
	c.mu.calls[k.token] = k
	c.mu.Unlock()
	msg.Reply = k.token
	if err := c.out.Put(outgoing{msg, k}); err != nil {
		c.forget(k)
		return nil, ErrClosed
	}
	return k, nil
}

// giveUp ends a call that has lost.
func (c *Conn) giveUp(k *call) {
	if c.forget(k) {
		c.tell(k)
	}
	// Otherwise the reply came while another part was chosen: there is nothing to withdraw.
}

// tell tells the services that nobody waits for the reply of k any more.
func (c *Conn) tell(k *call) {
	if k.withdraw {
		c.post(&nats.Msg{Subject: k.subject + withdrawals, Data: []byte(k.token)})
	}
}

func goodSubject(s string) bool {
	if s == "" || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '*' || r == '>' }) < 0
}
