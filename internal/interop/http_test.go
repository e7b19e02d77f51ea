//go:build linux

package interop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// An httpServer is a web server at the listener of a side. stop waits for what is
// under way.
type httpServer struct {
	addr string
	stop func()
}

// startHTTP is net/http, HTTP/1 and HTTP/2, without and with TLS. Its handlers run on
// goroutines of its own on both sides.
func startHTTP(s *side, h http.Handler, secure bool) (*httpServer, error) {
	l, err := s.listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	var ended <-chan struct{}
	if secure {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}}
		ended = s.start(func() { server.ServeTLS(l, "", "") })
	} else {
		ended = s.start(func() { server.Serve(l) })
	}
	return &httpServer{l.Addr().String(), func() {
		server.Shutdown(context.Background())
		<-ended
	}}, nil
}

// startFast is fasthttp, in its own way on goroutines and with a fiber for each
// connection on fibers.
func startFast(s *side, h fasthttp.RequestHandler) (*httpServer, error) {
	l, err := s.listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &fasthttp.Server{Handler: h, IdleTimeout: 10 * time.Second}
	if s.rt == nil {
		ended := s.start(func() { server.Serve(l) })
		return &httpServer{l.Addr().String(), func() { server.Shutdown(); <-ended }}, nil
	}
	var (
		mu    sync.Mutex
		open  = map[net.Conn]bool{}
		conns sync.WaitGroup
	)
	ended := s.start(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			conns.Add(1)
			s.spawn(func() {
				defer conns.Done()
				defer c.Close()
				server.ServeConn(c)
				mu.Lock()
				delete(open, c)
				mu.Unlock()
			})
		}
	})
	return &httpServer{l.Addr().String(), func() {
		l.Close()
		<-ended
		mu.Lock()
		for c := range open {
			c.SetReadDeadline(time.Now()) // idle, as the clients are gone
		}
		mu.Unlock()
		conns.Wait()
	}}, nil
}

const greeting = "hello, world\n"

func greet(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, greeting) }
func greetFast(c *fasthttp.RequestCtx)             { c.WriteString(greeting) }

// content returns a file to be served, and what is in it.
func content(dir string, size int) (name string, data []byte, err error) {
	data = bytes.Repeat([]byte("0123456789abcde\n"), size/16)
	for i := range data {
		data[i] ^= byte(i >> 12) // not the same everywhere
	}
	name = filepath.Join(dir, "content")
	return name, data, os.WriteFile(name, data, 0o644)
}

// Requests by http.Client on http.Server, in all versions of HTTP.
func TestHTTP(t *testing.T) {
	file, data, err := content(t.TempDir(), 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"1.1", "2", "2 without TLS"} {
		t.Run(version, func(t *testing.T) { onBoth(t, func(t *checked, s *side) { testHTTP(t, s, version, file, data) }) })
	}
}

func testHTTP(t *checked, s *side, version, file string, data []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	defer cancel()
	released := make(chan struct{}, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/", greet)
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	mux.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done(); released <- struct{}{} })
	v, err := startHTTP(s, mux, version == "2")
	if err != nil {
		t.Fatal(err)
	}
	t.atEnd(v.stop)
	transport := &http.Transport{
		DialContext: s.dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxConnsPerHost: pooled, Protocols: new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(version == "1.1")
	transport.Protocols.SetHTTP2(version == "2")
	transport.Protocols.SetUnencryptedHTTP2(version == "2 without TLS")
	t.atEnd(transport.CloseIdleConnections)
	c := http.Client{Transport: transport}
	base := "http://" + v.addr
	if version == "2" {
		base = "https://" + v.addr
	}
	ask := func(ctx context.Context, method, path string, body io.Reader, header ...string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, method, base+path, body)
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := c.Do(r)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if !strings.HasPrefix(version, strconv.Itoa(answer.ProtoMajor)) {
			return nil, fmt.Errorf("the answer is by %s", answer.Proto)
		}
		return io.ReadAll(answer.Body)
	}

	err = crowd(s, 200, func(p int) error {
		for range 3 {
			if got, err := ask(ctx, "GET", "/", nil); err != nil || string(got) != greeting {
				return fmt.Errorf("%q, %w", got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	err = crowd(s, 8, func(int) error { // larger than what is on the way, both ways at once
		if got, err := ask(ctx, "POST", "/echo", bytes.NewReader(data[:1<<20])); err != nil || !bytes.Equal(got, data[:1<<20]) {
			return fmt.Errorf("%d bytes came back, %w", len(got), err)
		}
		if got, err := ask(ctx, "GET", "/file", nil); err != nil || sha256.Sum256(got) != sha256.Sum256(data) {
			return fmt.Errorf("the file has %d bytes, %w", len(got), err)
		}
		if got, err := ask(ctx, "GET", "/file", nil, "Range", "bytes=100000-2100000"); err != nil || !bytes.Equal(got, data[100000:2100001]) {
			return fmt.Errorf("a part of the file has %d bytes, %w", len(got), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}

	short, stop := context.WithTimeout(ctx, 100*time.Millisecond)
	defer stop()
	if _, err := ask(short, "GET", "/wait", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("past the deadline: ", err)
	}
	select { // the server hears that nobody waits any more
	case <-released:
	case <-ctx.Done():
		t.Error("the handler goes on")
	}
}

// Wrk and h2load speak to both servers, and everything they ask is answered.
func TestHTTPTools(t *testing.T) {
	for _, tool := range []tool{wrkTool, h2loadTool} {
		_, err := lookFor(tool.binary)
		need(t, err, tool.debian)
	}
	short := load{For: time.Second}
	for _, test := range []struct {
		name  string
		start func(s *side) (*httpServer, error)
		load  func(l load, url string, args ...string) (sample, error)
		args  []string
	}{
		{"wrk, net/http", startGreeter, wrk(50), nil},
		{"wrk, fasthttp", startFastGreeter, wrk(50), nil},
		{"h2load, net/http", startGreeter, h2load, nil},
		{"h2load, fasthttp", startFastGreeter, h2load, []string{"--h1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, func(t *checked, s *side) {
				v, err := test.start(s)
				if err != nil {
					t.Fatal(err)
				}
				t.atEnd(v.stop)
				if got, err := test.load(short, "http://"+v.addr+"/", test.args...); err != nil || got.Rate < 10 {
					t.Error(got.Rate, " requests in a second, ", err)
				}
			})
		})
	}
}

func startGreeter(s *side) (*httpServer, error)     { return startHTTP(s, http.HandlerFunc(greet), false) }
func startFastGreeter(s *side) (*httpServer, error) { return startFast(s, greetFast) }

var (
	wrkTool    = tool{"wrk", "wrk"}
	h2loadTool = tool{"h2load", "nghttp2-client"}
	wrkLine    = regexp.MustCompile(`(?m)^\s+(50|99)%\s+(\S+)$|^(Requests)/sec:\s+(\S+)$`)
)

// wrk runs wrk with so many connections, for whole seconds.
func wrk(conns int) func(l load, url string, _ ...string) (sample, error) {
	return func(l load, url string, _ ...string) (sample, error) {
		seconds := max(1, int(l.For.Seconds()+0.5))
		out, err := exec.Command("wrk", "-t1", fmt.Sprintf("-c%d", conns), fmt.Sprintf("-d%ds", seconds), "--latency", url).CombinedOutput()
		text := string(out)
		if err == nil && (strings.Contains(text, "Socket errors") || strings.Contains(text, "Non-2xx")) {
			err = errors.New("not all was answered")
		}
		if err != nil {
			return sample{}, fmt.Errorf("wrk: %w\n%s", err, text)
		}
		var got sample
		for _, m := range wrkLine.FindAllStringSubmatch(text, -1) {
			switch {
			case m[3] != "":
				got.Rate, err = strconv.ParseFloat(m[4], 64)
			case m[1] == "50":
				got.P50, err = time.ParseDuration(m[2])
			default:
				got.P99, err = time.ParseDuration(m[2])
			}
			if err != nil {
				return got, err
			}
		}
		return got, nil
	}
}

var h2loadLine = regexp.MustCompile(`(?m)^finished in .*, (\S+) req/s,|^requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored`)

// h2load runs h2load with ten connections, of HTTP/2 with ten streams each.
func h2load(l load, url string, args ...string) (sample, error) {
	log, err := os.CreateTemp("", "h2load")
	if err != nil {
		return sample{}, err
	}
	log.Close()
	os.Remove(log.Name()) // it makes its own
	defer os.Remove(log.Name())
	seconds := max(1, int(l.For.Seconds()+0.5))
	args = append(args, "-t1", "-c10", fmt.Sprintf("-D%d", seconds), "--log-file="+log.Name())
	if !slices.Contains(args, "--h1") {
		args = append(args, "-m10")
	}
	out, err := exec.Command("h2load", append(args, url)...).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("h2load: %w\n%s", err, out)
	}
	var got sample
	for _, m := range h2loadLine.FindAllStringSubmatch(string(out), -1) {
		if m[1] != "" {
			got.Rate, err = strconv.ParseFloat(m[1], 64)
		} else if m[3] != "0" || m[4] != "0" {
			err = fmt.Errorf("not all was answered\n%s", out)
		}
		if err != nil {
			return sample{}, err
		}
	}
	// Each line of its log is a request: when it was made, the status, the µs it took.
	text, err := os.ReadFile(log.Name())
	if err != nil {
		return sample{}, err
	}
	var delays []time.Duration
	for line := range strings.Lines(string(text)) {
		var at, status, took int
		if _, err := fmt.Sscan(line, &at, &status, &took); err != nil || status != 200 {
			return sample{}, fmt.Errorf("h2load says of a request: %q", line)
		}
		delays = append(delays, time.Duration(took)*time.Microsecond)
	}
	if len(delays) == 0 {
		return sample{}, fmt.Errorf("h2load did nothing\n%s", out)
	}
	slices.Sort(delays)
	got.P50, got.P99 = delays[len(delays)/2], delays[len(delays)*99/100]
	return got, nil
}

// underLoad measures a server of this process that a tool puts a load on.
func underLoad(start func(s *side) (*httpServer, error), put func(l load, url string, args ...string) (sample, error), args ...string) func(s *side, addr string, l load) (sample, error) {
	return func(s *side, _ string, l load) (sample, error) {
		v, err := start(s)
		if err != nil {
			return sample{}, err
		}
		defer v.stop()
		used := cpuTime()
		begin := time.Now()
		got, err := put(l, "http://"+v.addr+"/", args...)
		if requests := got.Rate * time.Since(begin).Seconds(); err == nil && requests >= 1 {
			got.CPU = (cpuTime() - used) / time.Duration(requests)
		}
		return got, err
	}
}

// startFileServer serves a file of 256 KiB.
func startFileServer(s *side) (*httpServer, error) {
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		return nil, err
	}
	name, _, err := content(dir, 256<<10)
	if err != nil {
		return nil, err
	}
	v, err := startHTTP(s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) }), false)
	if err != nil {
		return nil, err
	}
	return &httpServer{v.addr, func() { v.stop(); os.RemoveAll(dir) }}, nil
}

var httpRows = []row{
	{name: "net/http, wrk", tools: []tool{wrkTool}, measure: underLoad(startGreeter, wrk(50))},
	{name: "net/http, h2load", tools: []tool{h2loadTool}, measure: underLoad(startGreeter, h2load)},
	{name: "fasthttp, wrk", tools: []tool{wrkTool}, measure: underLoad(startFastGreeter, wrk(50))},
	{name: "fasthttp, h2load --h1", tools: []tool{h2loadTool}, measure: underLoad(startFastGreeter, h2load, "--h1")},
	{name: "http.ServeFile of 256 KiB, wrk", tools: []tool{wrkTool}, measure: underLoad(startFileServer, wrk(16))},
}
