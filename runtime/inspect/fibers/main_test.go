package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

// command runs a command against a page with two fibers in a deadlock.
func command(t *testing.T, addr string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := run(ctx, addr, args, &out)
	return out.String(), err
}

func TestCommands(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	srv := httptest.NewServer(inspect.Handler(rt))
	defer srv.Close()
	addr := strings.TrimPrefix(srv.URL, "http://")
	rt.Go(func() {
		var one, two cml.Mutex
		met := cml.NewBarrier(2)
		fibers.GoNamed("first", func() { one.Lock(); met.Wait(); two.Lock() })
		fibers.GoNamed("second", func() { two.Lock(); met.Wait(); one.Lock() })
		fibers.Sleep(time.Hour)
	})
	for deadline := time.Now().Add(time.Minute); len(fibers.Examine(rt).Deadlocks) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no deadlock")
		}
	}
	for name, want := range map[string]string{
		"deadlock": "deadlock of 2 fibers", "top": "deadlock: 2 fibers in a deadlock", "tree": `"second"`, "stacks": "3 fibers on ",
	} {
		if out, err := command(t, addr, name); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	out, err := command(t, addr, "trace")
	if err != nil || !json.Valid([]byte(out)) {
		t.Errorf("%v %.100s", err, out)
	}
	for _, args := range [][]string{{}, {"top", "tree"}, {"nonsense"}} {
		if _, err := command(t, addr, args...); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

func TestLeakNamesTheSiteThatGrows(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	srv := httptest.NewServer(inspect.Handler(rt))
	defer srv.Close()
	rt.Go(func() {
		for {
			fibers.Go(func() { cml.Perform(cml.Never[int]()) })
			fibers.Sleep(time.Millisecond)
		}
	})
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(leak(context.Background(), &client{srv.URL + inspect.Path}, 200*time.Millisecond, w))
	}()
	out, err := io.ReadAll(r)
	if err != nil || !strings.Contains(string(out), "main_test.go:") {
		t.Errorf("%v %s", err, out)
	}
}

func TestProcessesAreFound(t *testing.T) {
	t.Setenv("GOPS_CONFIG_DIR", t.TempDir())
	if _, err := find(""); err == nil {
		t.Error("a process is found where there is none")
	}
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if addr, err := find(""); err != nil || addr != inspect.Addr() {
		t.Errorf("%q %v", addr, err)
	}
	if out, err := command(t, "", "list"); err != nil || !strings.Contains(out, inspect.Addr()) {
		t.Errorf("%v %s", err, out)
	}
	stop()
	if _, err := find(""); err == nil {
		t.Error("a process is found that has stopped")
	}
}
