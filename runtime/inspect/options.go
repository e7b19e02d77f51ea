package inspect

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// ErrOption is wrapped by the errors of options that cannot be used.
var ErrOption = errors.New("inspect: bad option")

// An Option configures Start. A later option overrides an earlier one of the
// same kind.
type Option func(*config)

type config struct {
	addr     string // of the page; "" for none
	serve    bool
	gopsAddr string // "" for the agent's default, a free port of 127.0.0.1
	runtimes []*fibers.Runtime
	chosen   bool // runtimes were asked for
	quit     bool
}

// WithAddr serves the page of Handler over HTTP at a loopback address, such as
// "localhost:6060" or "127.0.0.1:0"; with port 0, Addr tells which port it got.
// Other addresses are refused: the page has no authentication. To serve it
// elsewhere, put Handler behind an authentication of your own.
func WithAddr(addr string) Option {
	return func(c *config) { c.addr, c.serve = addr, true }
}

// WithGopsAddr sets where the gops agent listens, a loopback address. The
// default is a free port of 127.0.0.1, which the gops command finds by itself.
func WithGopsAddr(addr string) Option {
	return func(c *config) { c.gopsAddr = addr }
}

// WithRuntime sets the runtimes that the page shows, at least one. The default
// is all that are open, at each request.
func WithRuntime(rts ...*fibers.Runtime) Option {
	return func(c *config) { c.runtimes, c.chosen = append([]*fibers.Runtime{}, rts...), true }
}

// newConfig applies the options and checks them.
func newConfig(opts []Option) (*config, error) {
	c := &config{}
	for i, o := range opts {
		if o == nil {
			return nil, fmt.Errorf("%w: option %d is nil", ErrOption, i)
		}
		o(c)
	}
	if c.serve {
		if err := checkLoopback(c.addr); err != nil {
			return nil, fmt.Errorf("%w: WithAddr(%q): %w", ErrOption, c.addr, err)
		}
	}
	if c.gopsAddr != "" {
		if err := checkLoopback(c.gopsAddr); err != nil {
			return nil, fmt.Errorf("%w: WithGopsAddr(%q): %w", ErrOption, c.gopsAddr, err)
		}
	}
	if c.quit && !canQuit {
		return nil, fmt.Errorf("%w: WithQuitReport: this system has no SIGQUIT", ErrOption)
	}
	if c.chosen && len(c.runtimes) == 0 {
		return nil, fmt.Errorf("%w: WithRuntime needs at least one runtime", ErrOption)
	}
	for i, rt := range c.runtimes {
		if rt == nil {
			return nil, fmt.Errorf("%w: WithRuntime: runtime %d is nil", ErrOption, i)
		}
	}
	return c, nil
}

var errNotLoopback = errors.New(`not a loopback address; use "localhost:port", "127.0.0.1:port" or "[::1]:port"`)

// checkLoopback reports why addr, host:port, is not one of this machine alone.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if !isLoopback(host) {
		return errNotLoopback
	}
	return nil
}

// isLoopback reports whether host names this machine and no other. Names but
// localhost are not looked up: what they resolve to may change.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
