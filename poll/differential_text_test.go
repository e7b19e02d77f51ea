package poll

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"testing"
	"time"
)

// Addresses that make no sense, or too much of it, in all that takes one: the errors have
// the texts and the types that those of package net have.
func TestErrorsOfAddressesAreThoseOfNet(t *testing.T) {
	addrs := []string{
		"", ":", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:nosuch", "127.0.0.1:1",
		"[::1", "[::1]", "[::1]:1", "::1:1", "[::1%lo]:1", "no such:1", "127.0.0.1:1:2", "/no/such/dir/s", "@fibers-nosuch",
		"[127.0.0.1]:1", "a]:1", "[a:1", "203.0.113.1:1",
	}
	calls := map[string]func(w world, network, addr string) (interface{ Close() error }, error){
		"dial": func(w world, network, addr string) (interface{ Close() error }, error) {
			if addr == "203.0.113.1:1" {
				return nil, nil // there is somebody, perhaps
			}
			return w.dial(context.Background(), &net.Dialer{Timeout: 10 * time.Second}, network, addr)
		},
		"listen": func(w world, network, addr string) (interface{ Close() error }, error) {
			return w.listen(network, addr)
		},
		"listen for packets": func(w world, network, addr string) (interface{ Close() error }, error) {
			return w.listenPacket(network, addr)
		},
	}
	both := []string{"udp", "udp4", "udp6", "bogus", ""}
	networks := map[string][]string{ // without those of which docs/io.md says that they differ
		"dial":               append([]string{"tcp", "tcp4", "tcp6", "unix", "unixgram", "unixpacket"}, both...),
		"listen":             append([]string{"tcp", "tcp4", "tcp6"}, both...),
		"listen for packets": both,
	}
	port := regexp.MustCompile(`(127\.0\.0\.1|\]):\d{4,}`) // of the party that dials
	see := func(w world, call, network, addr string) string {
		c, err := calls[call](w, network, addr)
		if err != nil {
			return port.ReplaceAllString(fmt.Sprintf("%v (%T)", err, err), "$1:port")
		}
		if c != nil {
			c.Close()
		}
		return "no error"
	}
	ours := ofPoll("poll", func(f func()) { go f() })
	for call, networks := range networks {
		for _, network := range networks {
			for _, addr := range addrs {
				if want, got := see(ofNet, call, network, addr), see(ours, call, network, addr); got != want {
					t.Errorf("%s %q %q:\n  net:  %s\n  poll: %s", call, network, addr, want, got)
				}
			}
		}
	}
}
