package inspect_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The programs in testdata are what an engineer on call meets. Each prints the address
// of its page, and then goes on until its standard input ends. One request has to name
// the culprit.

// scenario starts the program of that name and returns the address of its page.
func scenario(t *testing.T, name string) (addr string) {
	t.Helper()
	exe := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", exe, "./testdata/"+name)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "GOPS_CONFIG_DIR="+t.TempDir())
	in, out := started(t, cmd)
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Process.Kill() // a hog does not end
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

type seen struct {
	Verdicts []struct{ Kind, Text string } `json:"verdicts"`
}

// ask makes one request.
func ask(t *testing.T, addr string) (s seen) {
	t.Helper()
	res, err := http.Get("http://" + addr + "/debug/fibers?format=json&limit=5")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheVerdictNamesTheCulprit(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts programs")
	}
	for name, c := range map[string]struct {
		kind string
		want []string
	}{
		"deadlock":  {"deadlock", []string{"2 fibers in a deadlock", "mutex", `"to Ann"`, "main.go:36"}},
		"lostput":   {"stuck", []string{`"producer"`, "channel put", "main.go:27"}},
		"leak":      {"growth", []string{"main.handle (main.go:", "50000 fibers"}},
		"hogs":      {"hog", []string{"scheduler", "held by fiber", "main.spin", " at main.spin (main.go:1"}},
		"heldlock":  {"contention", []string{"10000 fibers wait for the mutex", `"migration"`, "sleep"}},
		"heartbeat": {"late", []string{`"heartbeat"`, "main.churn"}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := scenario(t, name)
			var s seen
			for deadline := time.Now().Add(time.Minute); ; {
				s = ask(t, addr)
				if len(s.Verdicts) > 0 && s.Verdicts[0].Kind == c.kind {
					all := true
					for _, w := range c.want {
						all = all && strings.Contains(s.Verdicts[0].Text, w)
					}
					if all {
						t.Log(s.Verdicts[0].Text)
						return
					}
				}
				if time.Now().After(deadline) {
					t.Fatalf("%+v", s.Verdicts)
				}
				time.Sleep(100 * time.Millisecond) // sleep: until the program has come so far
			}
		})
	}
}
