package main

import (
	"bufio"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestEcho(t *testing.T) {
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		served := fibers.Spawn(func() (int, error) { return serve(l, time.Minute) })
		const clients = 50
		var tasks []*fibers.Task[bool]
		for i := range clients {
			tasks = append(tasks, fibers.Spawn(func() (bool, error) {
				c, err := poll.Dial("tcp", l.Addr().String())
				if err != nil {
					return false, err
				}
				defer c.Close()
				r := bufio.NewReader(c)
				for j := range 10 {
					want := fmt.Sprintf("line %d of client %d\n", j, i)
					if _, err := io.WriteString(c, want); err != nil {
						return false, err
					}
					if got, err := r.ReadString('\n'); err != nil || got != want {
						return false, fmt.Errorf("got %q, %w", got, err)
					}
				}
				return true, nil
			}))
		}
		for _, task := range tasks {
			if _, err := task.Await(); err != nil {
				t.Error(err)
			}
		}
		l.Close()
		if n, err := served.Await(); n != clients || err != nil {
			t.Errorf("%d connections, %v", n, err)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSilentConnectionIsClosed(t *testing.T) {
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		fibers.Go(func() { serve(l, time.Millisecond) })
		c, err := poll.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("not closed: %v", err)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
