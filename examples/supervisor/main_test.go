package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// lines is a writer whose lines can be waited for.
type lines struct{ q *cml.Queue[string] }

func (l lines) Write(p []byte) (int, error) {
	return len(p), l.q.Put(strings.TrimSuffix(string(p), "\n"))
}

func (l lines) next() string {
	s, err := l.q.Get()
	if err != nil {
		return err.Error()
	}
	return s
}

// awaitFile waits until a program has made the file.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for began := time.Now(); ; fibers.Sleep(time.Millisecond) {
		_, err := os.Stat(path)
		if err == nil {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Errorf("the program has not come so far: %v", err)
			return
		}
	}
}

func TestSupervisor(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	err := fibers.Run(func() {
		out := lines{cml.NewQueue[string](0)}
		s := newSupervisor(out)
		s.shortest, s.longest = time.Millisecond, time.Second
		expect := func(want ...string) {
			t.Helper()
			var got []string
			for range want {
				got = append(got, out.next())
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("it says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		// One that ends is started again.
		s.keep("false")
		for range 3 {
			expect("false: started")
			expect("false: ended: exit status 1")
		}
		s.end()
		for out.q.Len() > 0 { // it may have been started once more
			out.next()
		}

		// All are ended; who does not listen is killed.
		s = newSupervisor(out)
		s.grace = 500 * time.Millisecond
		ready := filepath.Join(t.TempDir(), "ready")
		deaf := `sh -c 'trap "" TERM; : >"` + ready + `"; while :; do sleep 0.01; done'`
		s.keep("sleep 1000")
		s.keep(deaf)
		expect("sleep 1000: started", deaf+": started")
		awaitFile(t, ready) // the trap is set
		s.end()
		expect("sleep 1000: has been ended", deaf+": has been killed")
	})
	if err != nil {
		t.Error(err)
	}
}
