//go:build !linux

package poll

import (
	"net"
	"testing"
	"time"
)

// cpuTime is not measured here: nothing is used.
func cpuTime() time.Duration { return 0 }

func sendUrgent(testing.TB, net.Conn, []byte) bool { return false }

func dialer(t testing.TB, to *net.TCPAddr) (connect func() error) {
	t.Helper()
	t.Skip("not written for this system")
	return nil
}

func exhaust(testing.TB) (giveBack func()) { return func() {} }

func descriptorLimit() int { return 1000 }

func blackHole(t testing.TB) string {
	t.Helper()
	t.Skip("not written for this system")
	return ""
}
