//go:build linux

package interop

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// A client is a pool of connections to a server, or one connection that many share.
// The tests of this file are the same for all.
type client struct {
	// echo makes a round trip and returns what the server made of word: word itself.
	echo func(ctx context.Context, word string) (string, error)
	// slow asks for something that takes the server longer than a test may take.
	slow  func(ctx context.Context) error
	close func()
	deaf  bool // a request that has been sent is ended by a deadline, but not by being cancelled
}

// A service is a server that can be killed. Programs are, and so are servers in this
// process.
type service interface {
	addr() string
	kill()
	restart() error
}

// again tries until it works: another process may have the port for a moment, as that
// of a connection of its own.
func again(try func() error) (err error) {
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(50 * time.Millisecond) { // sleep: polling with a deadline
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}

// pooled is how many connections the pools here have at most.
const pooled = 16

// testClient asks of a client what every user needs.
func testClient(t *testing.T, serve func(t *checked, s *side) service, open func(s *side, addr string) (*client, error), needs ...*program) {
	for _, test := range []struct {
		name string
		f    func(t *checked, s *side, sv service, c *client)
	}{
		{"crowd", testCrowd},
		{"cancel", testCancel},
		{"timeout", testTimeout},
		{"killed", testKilled},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, func(t *checked, s *side) {
				sv := serve(t, s)
				c, err := open(s, sv.addr())
				if err != nil {
					t.Error(err)
					return
				}
				defer c.close()
				test.f(t, s, sv, c)
			}, needs...)
		})
	}
}

// crowd runs f as so many parties and returns their errors.
func crowd(s *side, parties int, f func(party int) error) error {
	errs := make([]error, parties)
	var wg sync.WaitGroup
	wg.Add(parties)
	for p := range parties {
		s.spawn(func() {
			defer wg.Done()
			errs[p] = f(p)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// ask makes a round trip and looks at the answer.
func (c *client) ask(ctx context.Context, word string) error {
	got, err := c.echo(ctx, word)
	if err == nil && got != word {
		err = fmt.Errorf("got %q, want %q", got, word)
	}
	return err
}

// 200 parties share what has 16 connections.
func testCrowd(t *checked, s *side, _ service, c *client) {
	err := crowd(s, 200, func(p int) error {
		for i := range 10 {
			if err := c.ask(context.Background(), fmt.Sprintf("%d of %d", i, p)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Requests that are cancelled end at once, those that hold all connections and those
// that wait for one; afterwards all is as before.
func testCancel(t *checked, s *side, _ service, c *client) {
	recovers(t, s, c) // all connections are there
	limit := patience / 2
	if c.deaf {
		limit = time.Second // which those then wait for that have a connection
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	time.AfterFunc(100*time.Millisecond, cancel) // most have been sent by then; those that have not must end too
	err := crowd(s, 2*pooled, func(int) error {
		if c.slow(ctx) == nil {
			return errors.New("a request that was cancelled has an answer")
		}
		if !c.deaf && !errors.Is(ctx.Err(), context.Canceled) {
			return errors.New("a request did not hear that it was cancelled")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	recovers(t, s, c)
}

// A deadline ends a request, and one that waits for a connection.
func testTimeout(t *checked, s *side, _ service, c *client) {
	recovers(t, s, c) // all connections are there
	// One deadline for all: a request that gets its connection when another's is over
	// may be cancelled before the server has begun with it, and pgx then waits for
	// 15 s, over package net as well.
	deadline := time.Now().Add(150 * time.Millisecond)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	err := crowd(s, 2*pooled, func(int) error {
		switch err := c.slow(ctx); {
		case err == nil:
			return errors.New("a request past its deadline has an answer")
		case time.Now().Before(deadline):
			return fmt.Errorf("failed before its deadline: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	recovers(t, s, c)
}

// The server is killed under requests. All of them fail, and go on when it is back.
func testKilled(t *checked, s *side, sv service, c *client) {
	const parties = 2 * pooled
	var asked, failed sync.WaitGroup
	asked.Add(parties)
	failed.Add(parties)
	killed := s.start(func() {
		asked.Wait()
		sv.kill()
	})
	back := make(chan error, 1)
	s.spawn(func() {
		failed.Wait()
		<-killed
		back <- sv.restart()
	})
	err := crowd(s, parties, func(p int) error {
		patient := func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 10*time.Second)
		}
		for i := 0; ; i++ {
			ctx, cancel := patient()
			err := c.ask(ctx, fmt.Sprint(p))
			cancel()
			if i == 0 {
				asked.Done()
				if err != nil {
					failed.Done()
					return fmt.Errorf("before the server was killed: %w", err)
				}
			}
			if err != nil {
				break
			}
		}
		failed.Done()
		for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) { // sleep: between two tries
			ctx, cancel := patient()
			err := c.ask(ctx, fmt.Sprint(p))
			cancel()
			if err == nil {
				return nil
			}
			if time.Since(begin) > 30*time.Second {
				return fmt.Errorf("long after the server was killed: %w", err)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-back; err != nil {
		t.Error(err)
	}
	recovers(t, s, c)
}

// recovers fails if the client is not good for a crowd any more.
func recovers(t *checked, s *side, c *client) {
	t.Helper()
	err := crowd(s, 2*pooled, func(p int) error {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		return c.ask(ctx, fmt.Sprint(p))
	})
	if err != nil {
		t.Error("a crowd that asks once: ", err)
	}
}
