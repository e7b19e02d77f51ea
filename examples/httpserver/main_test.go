package main

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestServer(t *testing.T) {
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		s := newServer()
		served := fibers.Spawn(func() (struct{}, error) { return struct{}{}, s.serve(l) })
		client := &http.Client{Transport: &http.Transport{DialContext: new(poll.Dialer).DialContext}}
		get := func(path string) (int, string) {
			type result struct {
				code int
				body string
			}
			r := fibers.Blocking(func() result {
				resp, err := client.Get("http://" + l.Addr().String() + path)
				if err != nil {
					t.Error(err)
					return result{}
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Error(err)
				}
				return result{resp.StatusCode, string(body)}
			})
			return r.code, r.body
		}
		for _, c := range []struct {
			path string
			code int
			body string
		}{
			{"/hello/world", 200, "hello, world\n"},
			{"/sleep?for=10ms", 200, "slept 10ms\n"},
			{"/sleep?for=ever", 400, "for how long?"},
			{"/slow?for=1ms", 200, "here it is\n"},
			{"/slow?for=30s", 504, "it takes too long"},
			{"/", 404, "no such page"},
		} {
			if code, body := get(c.path); code != c.code || body != c.body {
				t.Errorf("%s: %d %q, want %d %q", c.path, code, body, c.code, c.body)
			}
		}
		// Requests that sleep do so at the same time.
		start := time.Now()
		var tasks []*fibers.Task[int]
		for range 50 {
			tasks = append(tasks, fibers.Spawn(func() (int, error) {
				code, _ := get("/sleep?for=100ms")
				return code, nil
			}))
		}
		for _, task := range tasks {
			if code, _ := task.Await(); code != 200 {
				t.Errorf("code %d", code)
			}
		}
		if d := time.Since(start); d > 4*time.Second { // one after the other: 5 s
			t.Errorf("50 sleeps of 100 ms take %v", d)
		}
		client.CloseIdleConnections()
		l.Close()
		if _, err := served.Await(); err != nil {
			t.Error(err)
		}
		if !s.drain(20 * time.Second) {
			t.Error("connections are left")
		}
	})
	if err != nil {
		t.Error(err)
	}
}
