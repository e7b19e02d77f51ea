package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/gops/agent"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// ErrRunning is returned by Start while an earlier Start has not been stopped,
// or the program itself runs a gops agent.
var ErrRunning = errors.New("inspect: already running")

// running is what Start has brought up. It is one for the process because the
// gops agent and GODEBUG are.
var running struct {
	sync.Mutex
	session *session // nil: stopped
}

// A session is what one Start has brought up.
type session struct {
	server  *http.Server // nil without WithAddr
	addr    net.Addr
	served  chan struct{} // closed when server no longer accepts
	restore func()        // GODEBUG
	unwatch func()
	unquit  func()
	remove  func() // the file that tells where the page is
}

// shutdownGrace is how long stop waits for requests that are being answered.
const shutdownGrace = time.Second

// Start starts the gops agent, so that the gops command finds this process,
// makes tracebacks show the names of fibers (GODEBUG=tracebacklabels=1, unless
// it is set already) and, with WithAddr, serves the page of Handler.
//
// With WithAddr, WithRuntime or WithQuitReport it watches all runtimes, those to come too, as
// fibers.TrackSites and fibers.Watch do, until stop is called: call it first in main.
// Without any, Start touches no runtime, as gops sees the fibers of all.
//
// If Start fails, it leaves nothing behind. It fails with ErrOption for options
// that cannot be used; with ErrRunning if inspection is running already; or with
// the reason why an address cannot be listened at or the agent's file, in the
// directory GOPS_CONFIG_DIR or gops of the user's configuration, not be written.
//
// stop takes all of it back and returns when that is done. It may be called many
// times. Requests that are not answered within a second are cut off; a command
// of gops that is at work, such as a CPU profile, ends when it is done.
func Start(opts ...Option) (stop func(), err error) {
	conf, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	running.Lock()
	defer running.Unlock()
	if running.session != nil {
		return nil, fmt.Errorf("%w: call the stop function of the first Start before the next", ErrRunning)
	}
	s, err := open(conf)
	if err != nil {
		return nil, err
	}
	running.session = s
	return sync.OnceFunc(func() {
		running.Lock()
		defer running.Unlock()
		s.close()
		running.session = nil
	}), nil
}

// Addr returns the address where the page is served, host:port, or "" if none
// is.
func Addr() string {
	running.Lock()
	defer running.Unlock()
	if s := running.session; s != nil && s.addr != nil {
		return s.addr.String()
	}
	return ""
}

// open brings everything up, or nothing.
func open(conf *config) (s *session, err error) {
	s = &session{}
	var l net.Listener
	if conf.serve {
		if l, err = listen(conf.addr); err != nil {
			return nil, err
		}
	}
	s.remove = func() {}
	if err = startAgent(conf.gopsAddr); err == nil {
		if l != nil {
			s.remove, err = announce(l.Addr().String())
		}
		if err == nil {
			if s.restore, err = showLabels(); err != nil {
				s.remove()
				err = fmt.Errorf("inspect: GODEBUG: %w", err)
			}
		}
		if err != nil {
			agent.Close()
		}
	}
	if err != nil {
		if l != nil {
			_ = l.Close() // err says more
		}
		return nil, err
	}
	switch {
	case l != nil:
		s.unwatch = fibers.TrackSites()
	case conf.chosen || conf.quit:
		s.unwatch = fibers.Watch()
	default:
		s.unwatch = func() {}
	}
	s.unquit = func() {}
	if conf.quit {
		s.unquit = reportOnQuit(conf.runtimes)
	}
	if l != nil {
		s.serve(l, Handler(conf.runtimes...))
	}
	return s, nil
}

// close takes back what open has brought up.
func (s *session) close() {
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		if s.server.Shutdown(ctx) != nil {
			_ = s.server.Close() // of the listener, which Shutdown has closed
		}
		cancel()
		<-s.served
	}
	s.unquit()
	s.remove()
	agent.Close()
	s.unwatch()
	s.restore()
}

// listen listens at addr, which names a loopback address; that it is one is
// checked again when localhost has been resolved.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("inspect: the page cannot be served: %w", err)
	}
	if err := checkLoopback(l.Addr().String()); err != nil {
		_ = l.Close() // err says more
		return nil, fmt.Errorf("%w: WithAddr(%q) is %v: %w", ErrOption, addr, l.Addr(), err)
	}
	return l, nil
}

// startAgent starts the gops agent. Signals stay the program's own business.
func startAgent(addr string) error {
	err := agent.Listen(agent.Options{Addr: addr, ShutdownCleanup: false})
	if err == nil {
		return nil
	}
	// The agent has no error of its own for this. It must not be closed here:
	// somebody else has started it.
	if strings.HasPrefix(err.Error(), "gops: agent already listening") {
		return fmt.Errorf("%w: the program has started a gops agent itself: %w", ErrRunning, err)
	}
	agent.Close() // it goes on listening if only its file could not be written
	return fmt.Errorf("inspect: the gops agent does not start: %w", err)
}

// serve serves h at l until close.
func (s *session) serve(l net.Listener, h http.Handler) {
	s.addr, s.served = l.Addr(), make(chan struct{})
	s.server = &http.Server{
		Handler:           onlyLocal(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    1 << 14,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(l) // ErrServerClosed; the page has nobody to tell
	}()
}

// onlyLocal refuses requests that were addressed to another name than that of
// this machine: a page of somebody else's, whose name was made to resolve to a
// loopback address, could read the answers otherwise (DNS rebinding).
func onlyLocal(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(hostname(r.Host)) {
			http.Error(w, "inspect: this page answers only to localhost and loopback addresses", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// hostname returns what a Host header names, without port and brackets.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}
