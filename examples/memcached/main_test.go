package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// talk runs body with a way to send text and get as many lines back as there are
// in the answer that is wanted.
func talk(t *testing.T, c *cache, body func(say func(question, want string))) {
	t.Helper()
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		fibers.Go(func() { serve(l, c) })
		conn, err := poll.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(30 * time.Second)) // for an answer that is held back
		r := bufio.NewReader(conn)
		body(func(question, want string) {
			t.Helper()
			io.WriteString(conn, question)
			got := ""
			for range strings.Count(want, "\r\n") {
				line, err := r.ReadString('\n')
				if err != nil {
					t.Errorf("%.80q: %v", question, err)
					return
				}
				got += line
			}
			if got != want {
				t.Errorf("%.80q: got %q, want %q", question, got, want)
			}
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestProtocol(t *testing.T) {
	c := newCache()
	var seconds atomic.Int32
	start := time.Unix(1e9, 0)
	c.now = func() time.Time { return start.Add(time.Duration(seconds.Load()) * time.Second) }
	talk(t, c, func(say func(question, want string)) {
		say("get a\r\n", "END\r\n")
		say("set a 7 0 5\r\nhello\r\n", "STORED\r\n")
		say("get a\r\n", "VALUE a 7 5\r\nhello\r\nEND\r\n")
		say("add a 0 0 1\r\nx\r\n", "NOT_STORED\r\n")
		say("replace b 0 0 1\r\nx\r\n", "NOT_STORED\r\n")
		say("add b 0 0 2\r\n10\r\n", "STORED\r\n")
		say("get a b c\r\n", "VALUE a 7 5\r\nhello\r\nVALUE b 0 2\r\n10\r\nEND\r\n")
		say("incr b 5\r\n", "15\r\n")
		say("decr b 100\r\n", "0\r\n")
		say("incr a 1\r\n", "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n")
		say("incr c 1\r\n", "NOT_FOUND\r\n")
		say("incr b x\r\n", "CLIENT_ERROR invalid numeric delta argument\r\n")
		say("delete a\r\ndelete a\r\n", "DELETED\r\nNOT_FOUND\r\n")
		say("set q 0 0 1 noreply\r\nx\r\nget q\r\n", "VALUE q 0 1\r\nx\r\nEND\r\n")

		say("set t 0 10 1\r\nx\r\n", "STORED\r\n")
		seconds.Store(9)
		say("get t\r\n", "VALUE t 0 1\r\nx\r\nEND\r\n")
		say("touch t 10\r\n", "TOUCHED\r\n")
		seconds.Store(18)
		say("get t\r\n", "VALUE t 0 1\r\nx\r\nEND\r\n")
		seconds.Store(19)
		say("get t\r\n", "END\r\n")
		say("touch t 10\r\n", "NOT_FOUND\r\n")
		say("set past 0 -1 1\r\nx\r\nget past\r\n", "STORED\r\nEND\r\n")

		say("flush_all\r\nget q\r\n", "OK\r\nEND\r\n")
		say("set a 0 0 1\r\n1\r\n", "STORED\r\n")
		e, _ := c.get("a")
		say("gets a\r\n", fmt.Sprintf("VALUE a 0 1 %d\r\n1\r\nEND\r\n", e.unique))
		say(fmt.Sprintf("cas a 0 0 1 %d\r\n2\r\n", e.unique), "STORED\r\n")
		say(fmt.Sprintf("cas a 0 0 1 %d\r\n3\r\n", e.unique), "EXISTS\r\n")
		say("cas z 0 0 1 1\r\n3\r\n", "NOT_FOUND\r\n")

		say("version\r\n", "VERSION fibers\r\n")
		say("dance\r\n", "ERROR\r\n")
		say("\r\n", "ERROR\r\n")
		say("get\r\n", "ERROR\r\n")
		say("set a 0 0\r\n", "ERROR\r\n")
		say("set a x 0 1\r\n", "CLIENT_ERROR bad command line format\r\n")
		say("set a 0 0 -1\r\n", "CLIENT_ERROR bad command line format\r\n")
		say("set a 0 0 1\r\nxyz", "CLIENT_ERROR bad data chunk\r\n")
		say("\r\n", "ERROR\r\n")
		say("set big 0 0 "+fmt.Sprint(largestValue+1)+"\r\n"+strings.Repeat("x", largestValue+1)+"\r\n", "SERVER_ERROR object too large for cache\r\n")
		tooLong := strings.Repeat("k", longestKey+1)
		say("get "+tooLong+"\r\n", "CLIENT_ERROR bad command line format\r\n")
		say("get a "+tooLong+" a\r\n", "CLIENT_ERROR bad command line format\r\n")
	})
}

// The answer to a command does not wait for the rest of the next one, be it of a
// line or of a value.
func TestAnswersAreNotHeldBack(t *testing.T) {
	talk(t, newCache(), func(say func(question, want string)) {
		say("get a\r\nget", "END\r\n")
		say(" a\r\nset a 0 0 5", "END\r\n")
		say("\r\n", "")
		say("hello\r\nset b 0 0 5\r\nhel", "STORED\r\n")
		say("lo\r\n", "STORED\r\n")
		say("get a\r\nset b 0 0 "+fmt.Sprint(largestValue+1)+"\r\nxyz", "VALUE a 0 5\r\nhello\r\nEND\r\n")
		say(strings.Repeat("x", largestValue-2)+"\r\n", "SERVER_ERROR object too large for cache\r\n")
	})
}

// Many clients count up one entry: no count is lost.
func TestManyClients(t *testing.T) {
	const clients, times = 20, 50
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		c := newCache()
		c.store("set", "n", entry{value: []byte("0")}, 0)
		fibers.Go(func() { serve(l, c) })
		var tasks []*fibers.Task[int]
		for range clients {
			tasks = append(tasks, fibers.Spawn(func() (int, error) {
				conn, err := poll.Dial("tcp", l.Addr().String())
				if err != nil {
					return 0, err
				}
				defer conn.Close()
				io.WriteString(conn, strings.Repeat("incr n 1\r\n", times)+"quit\r\n")
				all, err := io.ReadAll(conn)
				return strings.Count(string(all), "\r\n"), err
			}))
		}
		for _, task := range tasks {
			if n, err := task.Await(); n != times || err != nil {
				t.Errorf("%d answers, %v", n, err)
			}
		}
		if e, _ := c.get("n"); string(e.value) != fmt.Sprint(clients*times) {
			t.Errorf("counted to %s", e.value)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
