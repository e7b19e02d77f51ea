package poll

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// Packages ipv4 and ipv6 of golang.org/x/net take a PacketConn: batches of packets go in
// one call, options beside packets come and go, and both wait as everything does.
func TestBatches(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		s, err := ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		c, err := ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		in, out := ipv4.NewPacketConn(s), ipv4.NewPacketConn(c)
		if err := in.SetControlMessage(ipv4.FlagDst|ipv4.FlagTTL, true); err != nil {
			t.Fatal(err)
		}
		const packets = 8
		done := make(chan error, 1)
		spawn(func() {
			ms := make([]ipv4.Message, packets)
			for i := range ms {
				ms[i].Buffers, ms[i].OOB = [][]byte{make([]byte, 100)}, ipv4.NewControlMessage(ipv4.FlagDst|ipv4.FlagTTL)
			}
			for got := 0; got < packets; {
				n, err := in.ReadBatch(ms, 0)
				if err != nil {
					done <- err
					return
				}
				for _, m := range ms[:n] {
					var cm ipv4.ControlMessage
					if err := cm.Parse(m.OOB[:m.NN]); err != nil {
						done <- err
						return
					}
					if text := m.Buffers[0][:m.N]; string(text) != fmt.Sprint("packet ", got) || m.Addr.String() != c.LocalAddr().String() ||
						!cm.Dst.Equal(net.IPv4(127, 0, 0, 1)) || cm.TTL == 0 {
						done <- fmt.Errorf("%q from %v, %+v", text, m.Addr, cm)
						return
					}
					got++
				}
			}
			done <- nil
		})
		parked(t, s, true, 1)
		var ms []ipv4.Message
		for i := range packets {
			ms = append(ms, ipv4.Message{Buffers: [][]byte{fmt.Append(nil, "packet ", i)}, Addr: s.LocalAddr()})
		}
		for len(ms) > 0 {
			n, err := out.WriteBatch(ms, 0)
			if err != nil {
				t.Fatal(err)
			}
			ms = ms[n:]
		}
		within(t, "the batch", func() {
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		s.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, err = in.ReadBatch([]ipv4.Message{{Buffers: [][]byte{make([]byte, 1)}}}, 0)
		timedOut(t, err)

		// One packet, by the methods of package net that quic-go uses.
		s.SetReadDeadline(time.Time{})
		cm := (&ipv4.ControlMessage{TTL: 33}).Marshal()
		if n, oobn, err := c.WriteMsgUDP([]byte("one"), cm, s.LocalAddr().(*net.UDPAddr)); n != 3 || oobn != len(cm) || err != nil {
			t.Errorf("%d, %d, %v", n, oobn, err)
		}
		buf, oob := make([]byte, 10), make([]byte, 100)
		n, oobn, _, from, err := s.ReadMsgUDP(buf, oob)
		var got ipv4.ControlMessage
		if err != nil || !bytes.Equal(buf[:n], []byte("one")) || from.String() != c.LocalAddr().String() || got.Parse(oob[:oobn]) != nil || !got.Dst.Equal(net.IPv4(127, 0, 0, 1)) {
			t.Errorf("%q, %v, %v, %+v", buf[:n], from, err, got)
		}
		if x := ipv6.NewPacketConn(s); x == nil {
			t.Error("no connection of IPv6")
		}
	})
}
