package sim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed222ee791/fibers/internal/simhook"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// HTTP in a simulation. A Server and a Transport of package net/http make goroutines
// for their connections, which are in no schedule; so these two take their places.
// Handlers, requests and an http.Client are those of net/http.

// Transport returns an http.RoundTripper that sends requests from h, each on a
// connection of its own: for http.Client. (The client's Timeout is real time: leave it
// 0, and give the request a context of WithTimeout.)
func (h *Host) Transport() http.RoundTripper { return transport{h} }

type transport struct{ h *Host }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	inside("an HTTP request")
	if req.URL.Scheme != "http" {
		return nil, fmt.Errorf("sim: no transport for %q: use http", req.URL.Scheme)
	}
	addr := req.URL.Host
	if req.URL.Port() == "" {
		addr = net.JoinHostPort(req.URL.Hostname(), "80")
	}
	ctx := req.Context()
	conn, err := t.h.DialContext(ctx, "tcp", addr)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	c := conn.(*Conn)
	end := func() {
		if !c.closed {
			c.Close()
		}
	}
	if ctx.Done() != nil {
		if stop, ok := simhook.AfterFunc(ctx, func() { c.bounce(); c.reset(context.Cause(ctx)) }); ok {
			was := end
			end = func() { stop(); was() }
		}
	}
	req = req.Clone(ctx)
	req.Close = true
	if err := req.Write(c); err != nil && c.broken != nil { // else the answer may say why
		end()
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), req)
	if err != nil {
		end()
		return nil, err
	}
	resp.Body = &body{resp.Body, end}
	return resp, nil
}

// body closes the connection with the body of the answer.
type body struct {
	io.ReadCloser
	end func()
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.end != nil {
		b.end()
		b.end = nil
	}
	return nil
}

// ServeHTTP answers the requests that come by l with a handler, each connection in a
// fiber of its own, until l is closed; it returns the error of Accept. It is what
// http.Serve is outside.
func ServeHTTP(l net.Listener, handler http.Handler) error {
	if handler == nil {
		handler = http.DefaultServeMux
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		fibers.GoNamed("http", func() { serveConn(c, handler) })
	}
}

func serveConn(c net.Conn, handler http.Handler) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				var op *net.OpError
				if !errors.As(err, &op) {
					fmt.Fprintf(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
				}
			}
			return
		}
		req.RemoteAddr = c.RemoteAddr().String()
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), http.LocalAddrContextKey, c.LocalAddr()))
		w := &answer{c: c, req: req, header: http.Header{}}
		aborted := serveOne(w, req.WithContext(ctx), handler)
		cancel()
		if aborted || w.finish() != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil || req.Close || w.closes {
			return
		}
	}
}

// serveOne calls the handler. A panic with http.ErrAbortHandler ends the connection;
// another one ends the run.
func serveOne(w *answer, req *http.Request, handler http.Handler) (aborted bool) {
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			aborted = true
		}
	}()
	handler.ServeHTTP(w, req)
	return false
}

// An answer is an http.ResponseWriter. It keeps what is written until the end, or until
// Flush.
type answer struct {
	c       net.Conn
	req     *http.Request
	header  http.Header
	status  int
	buf     bytes.Buffer
	chunked bool
	sent    bool
	closes  bool
	err     error
}

var _ http.Flusher = (*answer)(nil)

// Header implements http.ResponseWriter.
func (w *answer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.header.Get("Content-Type") == "" {
		w.header.Set("Content-Type", http.DetectContentType(p))
	}
	return w.buf.Write(p)
}

// Flush implements http.Flusher.
func (w *answer) Flush() {
	w.WriteHeader(http.StatusOK)
	if !w.sent {
		w.chunked = w.header.Get("Content-Length") == ""
		w.sendHeader()
	}
	w.sendBody()
}

func (w *answer) sendHeader() {
	w.sent = true
	w.closes = strings.EqualFold(w.header.Get("Connection"), "close") || w.req.Close
	if w.closes {
		w.header.Set("Connection", "close")
	}
	if w.chunked {
		w.header.Set("Transfer-Encoding", "chunked")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %03d %s\r\n", w.status, http.StatusText(w.status))
	_ = w.header.Write(&b) // to memory
	b.WriteString("\r\n")
	w.send(b.Bytes())
}

func (w *answer) sendBody() {
	if w.buf.Len() == 0 {
		return
	}
	if w.req.Method != http.MethodHead {
		if w.chunked {
			w.send([]byte(fmt.Sprintf("%x\r\n", w.buf.Len())))
		}
		w.send(w.buf.Bytes())
		if w.chunked {
			w.send([]byte("\r\n"))
		}
	}
	w.buf.Reset()
}

func (w *answer) send(p []byte) {
	if w.err == nil {
		_, w.err = w.c.Write(p)
	}
}

// finish sends what has not been sent.
func (w *answer) finish() error {
	w.WriteHeader(http.StatusOK)
	if !w.sent {
		bodiless := w.status == http.StatusNoContent || w.status == http.StatusNotModified || w.status < 200
		if w.header.Get("Content-Length") == "" && !bodiless {
			w.header.Set("Content-Length", strconv.Itoa(w.buf.Len()))
		}
		if bodiless {
			w.buf.Reset()
		}
		w.sendHeader()
	}
	w.sendBody()
	if w.chunked && w.req.Method != http.MethodHead {
		w.send([]byte("0\r\n\r\n"))
	}
	return w.err
}
