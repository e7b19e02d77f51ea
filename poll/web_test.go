package poll

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// serveHTTP runs http.Server over a Listener of this package.
func serveHTTP(t *testing.T, l net.Listener, h http.Handler) {
	t.Helper()
	s := &http.Server{Handler: h}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
}

func hello(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "hello %s", body)
}

// http.Server and http.Transport work over it, requests from fibers.
func TestHTTP(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		serveHTTP(t, l, http.HandlerFunc(hello))
		transport := &http.Transport{DialContext: new(Dialer).DialContext, MaxIdleConnsPerHost: 4}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Add(1)
			spawn(func() {
				defer wg.Done()
				for j := range 5 {
					name := fmt.Sprint(i, " ", j)
					// The transport waits in Go's way, so a fiber needs Blocking.
					body, err := get(client, "http://"+l.Addr().String(), name)
					if err != nil || body != "hello "+name {
						t.Errorf("%q, %v", body, err)
					}
				}
			})
		}
		within(t, "the answers", wg.Wait)
	})
}

func get(client *http.Client, url, text string) (string, error) {
	type result struct {
		body string
		err  error
	}
	r := fibers.Blocking(func() (r result) {
		resp, err := client.Post(url, "text/plain", ioReader(text))
		if err != nil {
			return result{"", err}
		}
		defer resp.Body.Close()
		all, err := io.ReadAll(resp.Body)
		return result{string(all), err}
	})
	return r.body, r.err
}

// A request is cancelled while it waits for its answer.
func TestHTTPRequestIsCancelled(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		arrived := make(chan struct{})
		serveHTTP(t, l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
		}))
		transport := &http.Transport{DialContext: new(Dialer).DialContext}
		defer transport.CloseIdleConnections()
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+l.Addr().String(), nil)
		go func() { <-arrived; cancel() }()
		within(t, "the cancellation", func() {
			resp, err := (&http.Client{Transport: transport}).Do(req)
			if err == nil {
				resp.Body.Close()
				t.Error("an answer")
			}
		})
	})
}

// crypto/tls, both sides in fibers.
func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		done := make(chan error, 2)
		spawn(func() {
			c, err := l.Accept()
			if err != nil {
				done <- err
				return
			}
			s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
			defer s.Close()
			r := bufio.NewReader(s)
			for {
				line, err := r.ReadString('\n')
				if err == io.EOF {
					err = nil
				}
				if err != nil || line == "" {
					done <- err
					return
				}
				if _, err := io.WriteString(s, "echo "+line); err != nil {
					done <- err
					return
				}
			}
		})
		spawn(func() {
			c, err := Dial("tcp", l.Addr().String())
			if err != nil {
				done <- err
				return
			}
			s := tls.Client(c, &tls.Config{RootCAs: pool, ServerName: "example.com"})
			defer s.Close()
			w, r := bufio.NewWriter(s), bufio.NewReader(s)
			for i := range 100 {
				fmt.Fprintf(w, "line %d\n", i)
				if err := w.Flush(); err != nil {
					done <- err
					return
				}
				if line, err := r.ReadString('\n'); err != nil || line != fmt.Sprintf("echo line %d\n", i) {
					done <- fmt.Errorf("%q, %w", line, err)
					return
				}
			}
			done <- nil
		})
		within(t, "TLS", func() {
			for range 2 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		})
	})
}

// certificate borrows the one of net/http/httptest, for example.com.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.TLS.Certificates[0], pool
}

// A fiber for each connection serves HTTP with fasthttp.
func TestFastHTTP(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		s := &fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) { fmt.Fprintf(c, "hello %s", c.PostBody()) }}
		var serving cml.WaitGroup
		serving.Add(1)
		spawn(func() {
			defer serving.Done()
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				serving.Add(1)
				spawn(func() {
					defer serving.Done()
					defer c.Close()
					s.ServeConn(c)
				})
			}
		})
		client := &http.Client{Transport: &http.Transport{}}
		for i := range 50 {
			name := fmt.Sprint(i)
			if body, err := get(client, "http://"+l.Addr().String(), name); err != nil || body != "hello "+name {
				t.Fatalf("%q, %v", body, err)
			}
		}
		client.CloseIdleConnections()
		l.Close()
		within(t, "the server to end", serving.Wait)
	})
}
