package poll

import (
	"io"
	"net"
	"testing"
	"time"
)

// A packet of nothing takes room, too. Where there is none it waits, as others do, and
// keeps nobody busy. (Package net fails with EAGAIN.)
func TestEmptyPacketsWaitForRoom(t *testing.T) {
	for _, network := range []string{"unixpacket", "unixgram"} {
		var c, s net.Conn
		if network == "unixgram" {
			l, err := ListenPacket(network, tempSocket(t))
			if err != nil {
				t.Fatal(err)
			}
			d, err := Dial(network, l.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			c, s = d, l
		} else {
			c, s = pairOf(t, network, tempSocket(t))
		}
		defer c.Close()
		defer s.Close()
		c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		var err error
		for err == nil {
			_, err = c.Write(make([]byte, 1<<10))
		}
		timedOut(t, err)
		c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		before := cpuTime()
		within(t, "an empty one", func() {
			_, err := c.Write(nil)
			timedOut(t, err)
		})
		if used := cpuTime() - before; used > 150*time.Millisecond {
			t.Errorf("%s: it took %v of the processor to wait", network, used)
		}
		c.SetWriteDeadline(time.Time{})
		go io.Copy(io.Discard, onlyReader{s})
		within(t, "room", func() {
			if _, err := c.Write(nil); err != nil {
				t.Error(err)
			}
		})
	}
}
