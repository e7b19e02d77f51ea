package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// withdrawals is what the subject of withdrawals has behind that of the requests. All
// instances of a service hear them, as nobody knows which of them has the request.
const withdrawals = ".withdraw"

var (
	// ErrWithdrawn is the cause of a Request's context whose client has gone on.
	ErrWithdrawn = errors.New("bus: the request has been withdrawn")
	// ErrTooLong is the cause of one that took longer than ServiceOptions.Longest.
	ErrTooLong = errors.New("bus: the request takes too long")
)

// ServiceOptions limit a service. Zero values stand for the defaults.
type ServiceOptions struct {
	Most    int           // requests at the same time; more are answered by ErrBusy. Default 1024
	Longest time.Duration // until the context of a request ends. Default a minute
}

// A Service answers the requests at a subject, each in a fiber of its own. It may run in
// any number of processes: each request goes to one of them.
type Service struct {
	conn   *Conn
	opts   ServiceOptions
	handle func(ctx context.Context, data []byte) ([]byte, error)

	subs  []*nats.Subscription
	in    chan *nats.Msg // both subscriptions, in one order: a withdrawal is behind its request
	quit  chan struct{}
	begun *cml.Queue[*request]
	alive cml.WaitGroup // requests, and the two loops

	mu struct {
		sync.Mutex
		closed bool
		open   map[string]*request // by the subject of the reply
	}
}

type request struct {
	msg    *nats.Msg
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// Serve has the requests at subject answered by handle, in fibers of the runtime of the
// calling fiber, or of the default one. Its context ends when the client withdraws the
// request, when it takes too long, and when the service is closed; cml.Done makes an
// operation of that. What handle returns is sent, unless nobody waits for it any more. A panic
// in it is answered by an error, and raised again.
func Serve(c *Conn, subject string, opts ServiceOptions, handle func(ctx context.Context, data []byte) ([]byte, error)) (*Service, error) {
	if handle == nil {
		panic("bus: Serve without a function that answers")
	}
	if opts.Most < 0 || opts.Longest < 0 {
		panic("bus: Serve with a negative limit")
	}
	if !goodSubject(subject) {
		return nil, fmt.Errorf("%w: %q", ErrBadSubject, subject)
	}
	if opts.Most == 0 {
		opts.Most = 1024
	}
	if opts.Longest == 0 {
		opts.Longest = time.Minute
	}
	s := &Service{conn: c, opts: opts, handle: handle, in: make(chan *nats.Msg, 4*opts.Most), quit: make(chan struct{}), begun: cml.NewQueue[*request](0)}
	s.mu.open = make(map[string]*request)
	heard, err := c.nats.ChanSubscribe(subject+withdrawals, s.in)
	if err != nil {
		return nil, fmt.Errorf("bus: serving %s: %w", subject, err)
	}
	asked, err := c.nats.ChanQueueSubscribe(subject, "service", s.in)
	if err != nil {
		heard.Unsubscribe()
		return nil, fmt.Errorf("bus: serving %s: %w", subject, err)
	}
	s.subs = []*nats.Subscription{asked, heard}
	if err := c.nats.FlushTimeout(10 * time.Second); err != nil { // from here on the server knows of it
		heard.Unsubscribe()
		asked.Unsubscribe()
		return nil, fmt.Errorf("bus: serving %s: %w", subject, err)
	}
	s.alive.Add(2)
	go s.intake()
	fibers.GoNamed("serve "+subject, func() {
		defer s.alive.Done()
		defer func() { // also if the runtime ends
			s.stop()
			for r, ok := s.begun.TryGet(); ok; r, ok = s.begun.TryGet() {
				s.drop(r)
			}
		}()
		for r := range s.begun.All() {
			fibers.GoOrElse(func() { s.answer(r) }, func() { s.drop(r) })
		}
	})
	return s, nil
}

// intake is the goroutine that reads what comes.
func (s *Service) intake() {
	defer s.alive.Done()
	for {
		select {
		case <-s.quit:
			return
		case msg := <-s.in:
			if strings.HasSuffix(msg.Subject, withdrawals) {
				s.withdraw(string(msg.Data))
			} else if msg.Reply != "" {
				s.begin(msg)
			}
		}
	}
}

func (s *Service) begin(msg *nats.Msg) {
	r := &request{msg: msg}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed || len(s.mu.open) >= s.opts.Most {
		s.refuse(msg, ErrBusy)
		return
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	s.mu.open[msg.Reply] = r
	s.alive.Add(1)
	if s.begun.Put(r) != nil { // the runtime has ended
		delete(s.mu.open, msg.Reply)
		s.alive.Done()
		r.cancel(ErrClosed)
	}
}

// withdraw ends the request with that token, if it is ours.
func (s *Service) withdraw(token string) {
	s.mu.Lock()
	r := s.mu.open[token]
	s.mu.Unlock()
	if r != nil {
		r.cancel(ErrWithdrawn)
	}
}

// drop is answer where the runtime has ended.
func (s *Service) drop(r *request) {
	defer s.alive.Done()
	r.cancel(ErrClosed)
	s.forget(r)
	s.refuse(r.msg, ErrClosed)
}

func (s *Service) forget(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mu.open, r.msg.Reply)
}

// answer is the fiber of a request.
func (s *Service) answer(r *request) {
	defer s.alive.Done()
	defer r.cancel(context.Canceled)
	returned := false
	defer func() {
		s.forget(r)
		if !returned {
			s.refuse(r.msg, errors.New("the request was not seen to its end"))
		}
	}()
	limit := fibers.AfterFunc(s.opts.Longest, func() { r.cancel(ErrTooLong) })
	defer limit.Stop()
	var data []byte
	err := context.Cause(r.ctx)
	if err == nil {
		data, err = s.handle(r.ctx, r.msg.Data)
	}
	returned = true
	if errors.Is(context.Cause(r.ctx), ErrWithdrawn) {
		return // nobody waits
	}
	if err == nil && int64(len(data)) > s.conn.nats.MaxPayload() {
		err = nats.ErrMaxPayload
	}
	if err != nil {
		s.refuse(r.msg, err)
		return
	}
	s.conn.post(&nats.Msg{Subject: r.msg.Reply, Data: data})
}

func (s *Service) refuse(msg *nats.Msg, err error) {
	// A header is one line.
	text := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, err.Error())
	if text == "" {
		text = "an error without words"
	}
	s.conn.post(&nats.Msg{Subject: msg.Reply, Header: nats.Header{errorHeader: {text}}})
}

// Open returns how many requests are being answered.
func (s *Service) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mu.open)
}

// Close takes no more requests, cancels those under way, and returns when they have ended.
// One that reaches the process just then may get no answer. It must not be called by
// what answers a request.
func (s *Service) Close() {
	s.stop()
	s.alive.Wait()
}

func (s *Service) stop() {
	s.mu.Lock()
	closed := s.mu.closed
	s.mu.closed = true
	var open []*request
	for _, r := range s.mu.open {
		open = append(open, r)
	}
	s.mu.Unlock()
	if closed {
		return
	}
	for _, sub := range s.subs {
		sub.Unsubscribe()
	}
	for _, r := range open {
		r.cancel(ErrClosed)
	}
	s.begun.Close(ErrClosed)
	close(s.quit)
}
