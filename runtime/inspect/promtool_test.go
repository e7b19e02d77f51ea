package inspect_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/runtime/inspect"
)

// The older form of the metrics is what Prometheus's own tool takes, without a word.
func TestMetricsPassPromtool(t *testing.T) {
	tool := os.Getenv("FIBERS_PROMTOOL")
	if tool == "" {
		var err error
		if tool, err = exec.LookPath("promtool"); err != nil {
			t.Skip("no promtool is here; install prometheus, or name it in FIBERS_PROMTOOL")
		}
	}
	rt := newRuntime(t, 3, worker)
	rt.Watch()
	park(rt, 2, worker)
	h := inspect.Handler(rt)
	res, body := get(t, h, inspect.Path+"/metrics?format=text")
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Error(res.Header)
	}
	if _, same := get(t, h, inspect.Path+"/metrics", "Accept", "text/plain;version=0.0.4"); strings.Contains(same, "# EOF") {
		t.Error("a header does not ask for it")
	}
	cmd := exec.Command(tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(body)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Errorf("%v\n%s\nof\n%s", err, said.String(), body)
	}
}
