package poll

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// packetPair makes a receiver and a sender that has an address of its own.
func packetPair(t *testing.T, network string) (server, client *PacketConn) {
	t.Helper()
	make1 := func() *PacketConn {
		addr := "127.0.0.1:0"
		if network != "udp" {
			addr = tempSocket(t)
		}
		c, err := ListenPacket(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	return make1(), make1()
}

// Numbered packets, received in operations of which many lose, and in calls, by fibers and
// goroutines: each comes once, from where it was sent.
func TestPacketOpsStress(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		for _, network := range []string{"udp", "unixgram"} {
			if network == "unixgram" && !haveUnixgram {
				continue
			}
			server, client := packetPair(t, network)
			const packets, parties, window = 600, 4, 4
			var mu sync.Mutex
			seen := map[string]int{}
			room := cml.NewSemaphore(window) // so that none is lost
			var wg sync.WaitGroup
			stop := cml.NewCond()
			for i := range parties {
				wg.Add(1)
				spawn(func() {
					defer wg.Done()
					buf := make([]byte, 100)
					for {
						var p Packet
						switch ok := true; i % 3 {
						case 0, 1:
							p, ok = fibers.PerformTimeout(server.RecvFromOp(100), time.Duration(i)*20*time.Microsecond)
							if !ok {
								if stop.Signalled() {
									return
								}
								continue
							}
						case 2:
							server.SetReadDeadline(time.Time{})
							n, from, err := server.ReadFrom(buf)
							p = Packet{Data: buf[:n], From: from, Err: err}
						}
						if p.Err != nil {
							if !errors.Is(p.Err, net.ErrClosed) {
								t.Error(p.Err)
							}
							return
						}
						if p.From.String() != client.LocalAddr().String() {
							t.Error(p.From)
						}
						mu.Lock()
						seen[string(p.Data)]++
						mu.Unlock()
						room.Release(1)
					}
				})
			}
			for i := range packets {
				room.Acquire(1)
				if err := cml.Perform(client.SendToOp([]byte(fmt.Sprint(i)), server.LocalAddr())); err != nil {
					t.Fatal(err)
				}
			}
			within(t, "all packets", func() { room.Acquire(window) })
			stop.Signal()
			server.Close()
			within(t, "the parties", wg.Wait)
			for i := range packets {
				if n := seen[fmt.Sprint(i)]; n != 1 {
					t.Fatalf("%s: packet %d came %d times", network, i, n)
				}
			}
		}
	})
}

// Errors, deadlines and Close as values; a dialed socket sends without an address.
func TestPacketOpsErrors(t *testing.T) {
	onEach(t, func(t *testing.T) {
		server, client := packetPair(t, "udp")
		if err := cml.Perform(client.SendToOp([]byte("x"), nil)); err == nil {
			t.Error("sent to nobody")
		}
		if err := cml.Perform(client.SendToOp([]byte("x"), &net.UnixAddr{})); err == nil {
			t.Error("sent to an address of another kind")
		}
		c, err := Dial("udp", server.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		dialed := c.(*PacketConn)
		if err := cml.Perform(dialed.SendToOp([]byte("hello"), nil)); err != nil {
			t.Error(err)
		}
		if err := cml.Perform(dialed.SendToOp([]byte("hello"), server.LocalAddr())); !errors.Is(err, net.ErrWriteToConnected) {
			t.Error(err)
		}
		if p := cml.Perform(server.RecvFromOp(4)); string(p.Data) != "hell" || p.Err != nil || p.From.String() != dialed.LocalAddr().String() {
			t.Error(p)
		}
		if _, ok := fibers.PerformTimeout(server.RecvFromOp(4), time.Millisecond); ok {
			t.Error("a packet that nobody sent")
		}
		server.SetReadDeadline(time.Now().Add(time.Millisecond))
		if p := cml.Perform(server.RecvFromOp(4)); !errors.Is(p.Err, os.ErrDeadlineExceeded) {
			t.Error(p.Err)
		}
		server.SetReadDeadline(time.Time{})
		go server.Close()
		if p := cml.Perform(server.RecvFromOp(4)); !errors.Is(p.Err, net.ErrClosed) {
			t.Error(p.Err)
		}
		if err := cml.Perform(server.SendToOp(nil, client.LocalAddr())); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
