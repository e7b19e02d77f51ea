package bus_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/embedded"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func serve(t testing.TB, c *bus.Conn, subject string, opts bus.ServiceOptions, handle func(context.Context, []byte) ([]byte, error)) *bus.Service {
	t.Helper()
	s, err := bus.Serve(c, subject, opts, handle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestRequest(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		near, far := check.Connect(t, s), check.Connect(t, s)
		serve(t, far, "upper", bus.ServiceOptions{}, func(_ context.Context, data []byte) ([]byte, error) {
			switch text := string(data); text {
			case "bad":
				return nil, errors.New("this is\nnot a word")
			case "huge":
				return make([]byte, 2<<20), nil
			default:
				return []byte(strings.ToUpper(text)), nil
			}
		})
		for i := range 4 {
			done := cml.NewCond()
			check.Go(i, func() {
				defer done.Signal()
				if got, err := near.Request("upper", []byte("word")); string(got) != "WORD" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
			check.Soon(t, "an answer", done.WaitOp())
		}
		var remote *bus.RemoteError
		if _, err := near.Request("upper", []byte("bad")); !errors.As(err, &remote) || remote.Text != "this is not a word" {
			t.Errorf("the error is %v", err)
		}
		if _, err := near.Request("upper", []byte("huge")); !errors.As(err, &remote) {
			t.Errorf("an answer that is too long: %v", err)
		}
		if _, err := near.Request("upper", make([]byte, 2<<20)); err == nil {
			t.Error("a request that is too long is no error")
		}
		for _, subject := range []string{"", "a b", "a\r\nPUB x 0\r\n", "a..b", ".a", "a.", "a.*", ">"} {
			if _, err := near.Request(subject, nil); !errors.Is(err, bus.ErrBadSubject) {
				t.Errorf("subject %q: %v", subject, err)
			}
			if _, err := bus.Serve(far, subject, bus.ServiceOptions{}, func(context.Context, []byte) ([]byte, error) { return nil, nil }); !errors.Is(err, bus.ErrBadSubject) {
				t.Errorf("Serve at %q: %v", subject, err)
			}
		}
	})
}

// A request that loses a choice is withdrawn: the work for it ends.
func TestLosingRequestIsWithdrawn(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		near, far := check.Connect(t, s), check.Connect(t, s)
		begun, ended := cml.NewQueue[string](0), cml.NewQueue[error](0)
		service := serve(t, far, "slow", bus.ServiceOptions{}, func(ctx context.Context, data []byte) ([]byte, error) {
			begun.Put(string(data))
			err := cml.Perform(cml.Done(ctx)) // it would take for ever
			ended.Put(err)
			return nil, err
		})
		losers := map[string]func(op cml.Op[cml.Item[[]byte]]){
			"against another": func(op cml.Op[cml.Item[[]byte]]) {
				chosen := cml.NewIVar[cml.Item[[]byte]]()
				fibers.Go(func() { begun.Get(); chosen.Fill(cml.Item[[]byte]{Value: []byte("local")}) })
				if it := cml.Perform(cml.Choice(op, chosen.ReadOp())); string(it.Value) != "local" {
					t.Errorf("the choice is %+v", it)
				}
			},
			"against time": func(op cml.Op[cml.Item[[]byte]]) {
				if it, ok := fibers.PerformTimeout(op, 2*time.Second); ok {
					t.Errorf("the choice is %+v", it)
				}
				check.Soon(t, "the work", begun.GetOp())
			},
			"of a context": func(op cml.Op[cml.Item[[]byte]]) {
				ctx, cancel := context.WithCancel(context.Background())
				fibers.Go(func() { begun.Get(); cancel() })
				if it, err := cml.PerformContext(ctx, op); !errors.Is(err, context.Canceled) {
					t.Errorf("it ends with %+v, %v", it, err)
				}
			},
			"whose asker is ended": func(op cml.Op[cml.Item[[]byte]]) {
				if err := fibers.Run(func() {
					fibers.Go(func() { cml.Perform(op) })
					begun.Get()
				}); err != nil {
					t.Error(err)
				}
			},
		}
		for name, lose := range losers {
			lose(near.RequestOp("slow", []byte(name)))
			if it := check.Soon(t, "the withdrawal "+name, ended.GetOp()); !errors.Is(it.Value, bus.ErrWithdrawn) {
				t.Errorf("%s: the work ends with %v", name, it.Value)
			}
		}
		check.Eventually(t, "no request is open", func() bool { return service.Open() == 0 })
	})
}

// Whatever becomes of each, in the end no request is open, and what was chosen was answered.
func TestRequestStress(t *testing.T) {
	check.Run(t, func() {
		const parties, rounds, instances = 12, 60, 3
		s := check.Server(t)
		near := check.Connect(t, s)
		var services []*bus.Service
		var answered, withdrawn, got, lost atomic.Int32
		for range instances {
			services = append(services, serve(t, check.Connect(t, s), "twice", bus.ServiceOptions{}, func(ctx context.Context, data []byte) ([]byte, error) {
				_, ok := fibers.PerformTimeout(cml.Done(ctx), time.Duration(rand.IntN(2000))*time.Microsecond)
				if ok {
					withdrawn.Add(1)
					return nil, context.Cause(ctx)
				}
				answered.Add(1)
				return append(data, data...), nil
			}))
		}
		var ended cml.WaitGroup
		for p := range parties {
			ended.Add(1)
			check.Go(p, func() {
				defer ended.Done()
				for r := range rounds {
					word := fmt.Sprint(p, ".", r)
					it, ok := fibers.PerformTimeout(near.RequestOp("twice", []byte(word)), time.Duration(rand.IntN(4000))*time.Microsecond)
					switch {
					case !ok:
						lost.Add(1)
					case it.Err != nil || string(it.Value) != word+word:
						t.Errorf("asked %s, got %q, %v", word, it.Value, it.Err)
					default:
						got.Add(1)
					}
				}
			})
		}
		check.Soon(t, "the end of all parties", ended.WaitOp())
		for _, service := range services {
			check.Eventually(t, "no request is open", func() bool { return service.Open() == 0 })
		}
		if got.Load() > answered.Load() || got.Load()+lost.Load() != parties*rounds {
			t.Errorf("%d asked: %d got one of %d answers, %d lost", parties*rounds, got.Load(), answered.Load(), lost.Load())
		}
		if got.Load() == 0 || lost.Load() == 0 || withdrawn.Load() == 0 {
			t.Errorf("this shows nothing: %d got, %d lost, %d withdrawn", got.Load(), lost.Load(), withdrawn.Load())
		}
		t.Logf("%d got one of %d answers, %d lost, %d withdrawn in time", got.Load(), answered.Load(), lost.Load(), withdrawn.Load())
	})
}

func TestServiceLimits(t *testing.T) {
	check.Run(t, func() {
		s := check.Server(t)
		near, far := check.Connect(t, s), check.Connect(t, s)
		begun := cml.NewQueue[int](0)
		wait := func(ctx context.Context, _ []byte) ([]byte, error) {
			begun.Put(1)
			return nil, cml.Perform(cml.Done(ctx))
		}
		few := serve(t, far, "few", bus.ServiceOptions{Most: 2}, wait)
		var asked []*fibers.Task[[]byte]
		for range 2 {
			asked = append(asked, fibers.Spawn(func() ([]byte, error) { return near.Request("few", nil) }))
			begun.Get()
		}
		if _, err := near.Request("few", nil); !errors.Is(err, bus.ErrBusy) {
			t.Errorf("a third: %v", err)
		}
		few.Close()
		var remote *bus.RemoteError
		for _, task := range asked {
			if r := check.Soon(t, "the end of the service", task.AwaitOp()); !errors.As(r.Err, &remote) {
				t.Errorf("a request whose service is closed: %v", r.Err)
			}
		}
		serve(t, far, "short", bus.ServiceOptions{Longest: time.Millisecond}, wait)
		if _, err := near.Request("short", nil); !errors.As(err, &remote) || remote.Text != bus.ErrTooLong.Error() {
			t.Errorf("a request that takes too long: %v", err)
		}
	})
}

// When the server goes, so do the requests, as nobody can know what has become of them.
func TestRequestsFailWithTheConnection(t *testing.T) {
	check.Run(t, func() {
		s, err := embedded.Start(t.TempDir(), 0)
		if err != nil {
			t.Fatal(err)
		}
		near, far := check.Connect(t, s), check.Connect(t, s)
		begun := cml.NewCond()
		serve(t, far, "slow", bus.ServiceOptions{}, func(ctx context.Context, _ []byte) ([]byte, error) {
			begun.Signal()
			return nil, cml.Perform(cml.Done(ctx))
		})
		task := fibers.Spawn(func() ([]byte, error) { return near.Request("slow", nil) })
		check.Soon(t, "the request", begun.WaitOp())
		s.Stop()
		if r := check.Soon(t, "the loss", task.AwaitOp()); !errors.Is(r.Err, bus.ErrUnknown) {
			t.Errorf("the request ends with %v", r.Err)
		}
	})
}
