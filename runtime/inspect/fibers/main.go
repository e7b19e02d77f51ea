// Fibers looks into a process that serves the page of package inspect.
//
//	go run github.com/seed222ee791/fibers/runtime/inspect/fibers [-p process] command
//
// The process is a number, a part of the path of its program, or the address of its page,
// host:port; it can be left out where only one is found. Processes are found by the files
// that they leave in the directory of gops. The commands:
//
//	list      the processes that can be looked into
//	top       what is unusual, and the groups of fibers, once a second
//	deadlock  who waits for whom
//	stacks    the stacks of the fibers, grouped
//	tree      who spawned whom
//	leak      which spawn sites grow, over ten seconds
//	trace     what happens in five seconds, for ui.perfetto.dev, to standard output
//
// In top, s, f, n, o and p group by site, function, name, object and parent, space
// pauses, and q ends it. Where standard output is no terminal it prints once, plainly.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed222ee791/fibers/runtime/inspect"
)

const usage = "usage: fibers [-p process] list | top | deadlock | stacks | tree | leak | trace"

func main() {
	process := flag.String("p", "", "the `process`: its number, a part of the path of its program, or the address of its page")
	flag.Usage = func() { fmt.Fprintln(os.Stderr, usage); flag.PrintDefaults() }
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *process, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fibers:", err)
		stop()
		os.Exit(1)
	}
}

// run runs one command.
func run(ctx context.Context, process string, args []string, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("give one command\n%s", usage)
	}
	if args[0] == "list" {
		return list(out)
	}
	addr, err := find(process)
	if err != nil {
		return err
	}
	c := &client{base: "http://" + addr + inspect.Path}
	switch args[0] {
	case "top":
		return top(ctx, c, out)
	case "deadlock":
		return c.copy(ctx, "/waits?format=text", out)
	case "stacks":
		return c.copy(ctx, "/stacks", out)
	case "tree":
		return c.copy(ctx, "/tree?format=text", out)
	case "leak":
		return leak(ctx, c, 10*time.Second, out)
	case "trace":
		return c.copy(ctx, "/trace?seconds=5", out)
	}
	return fmt.Errorf("there is no command %q\n%s", args[0], usage)
}

// find returns the address of the page of the process.
func find(process string) (addr string, err error) {
	if _, _, err := net.SplitHostPort(process); err == nil {
		return process, nil
	}
	all, err := inspect.Processes()
	if err != nil {
		return "", err
	}
	var found []inspect.Process
	for _, p := range all {
		if process == "" || process == strconv.Itoa(p.PID) || strings.Contains(p.Path, process) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
		return found[0].Addr, nil
	case 0:
		return "", fmt.Errorf("no process with a page is found: does it call inspect.Start(inspect.WithAddr(…))?")
	}
	var names []string
	for _, p := range found {
		names = append(names, fmt.Sprintf("%d (%s)", p.PID, p.Path))
	}
	return "", fmt.Errorf("there are %d processes, say which with -p: %s", len(found), strings.Join(names, ", "))
}

func list(out io.Writer) error {
	all, err := inspect.Processes()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, p := range all {
		fmt.Fprintf(w, "%d\t%s\thttp://%s%s\n", p.PID, p.Path, p.Addr, inspect.Path)
	}
	return w.Flush()
}

// A client asks a page.
type client struct{ base string }

// get asks for a view below the page.
func (c *client) get(ctx context.Context, view string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+view, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // it is only to explain the status
		_ = res.Body.Close()
		return nil, fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(text)))
	}
	return res.Body, nil
}

func (c *client) copy(ctx context.Context, view string, out io.Writer) error {
	body, err := c.get(ctx, view)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(out, body)
	return err
}

// A page is what top and leak read of it.
type page struct {
	Verdicts []struct{ Kind, Text string }
	Groups   []group
	Runtimes []struct {
		Total int
		Stats struct {
			Spawned    uint64
			Schedulers []struct{ Parks uint64 }
		}
	}
}

type group struct {
	Key     string
	Count   int
	Running int
	Reasons map[string]int
	Oldest  time.Duration `json:"oldest_ns"`
	Growth  float64       `json:"growth_per_s"`
}

func (c *client) page(ctx context.Context, by string) (p page, err error) {
	body, err := c.get(ctx, "?"+url.Values{"format": {"json"}, "limit": {"0"}, "by": {by}}.Encode())
	if err != nil {
		return p, err
	}
	defer body.Close()
	return p, json.NewDecoder(body).Decode(&p)
}

// leak compares the spawn sites at the beginning and the end of d.
func leak(ctx context.Context, c *client, d time.Duration, out io.Writer) error {
	before, err := c.page(ctx, "site")
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
	}
	after, err := c.page(ctx, "site")
	if err != nil {
		return err
	}
	had := map[string]int{}
	for _, g := range before.Groups {
		had[g.Key] = g.Count
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "fibers\tmore\ta second\tspawned at")
	for _, g := range after.Groups {
		if more := g.Count - had[g.Key]; more > 0 {
			fmt.Fprintf(w, "%d\t+%d\t%.1f\t%s\n", g.Count, more, float64(more)/d.Seconds(), g.Key)
		}
	}
	return w.Flush()
}
