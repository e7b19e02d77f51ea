package poll

import (
	"net"
	"strconv"
	"testing"
)

// What is known of the interfaces is asked for once, not for each packet, and again for
// what is not known.
func TestZonesAreKept(t *testing.T) {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		t.Skip("no interfaces")
	}
	i := all[0]
	if zoneName(i.Index) != i.Name || zoneIndex(i.Name) != uint32(i.Index) {
		t.Errorf("%s is %d: it became %q and %d", i.Name, i.Index, zoneName(i.Index), zoneIndex(i.Name))
	}
	known := zones.now.Load()
	for range 100 {
		zoneName(i.Index)
		zoneIndex(i.Name)
	}
	if zones.now.Load() != known {
		t.Error("the system was asked again for what is known")
	}
	const nowhere = 99999
	if name := zoneName(nowhere); name != strconv.Itoa(nowhere) {
		t.Errorf("%d became %q", nowhere, name)
	}
	if zones.now.Load() == known {
		t.Error("the system was not asked for what is not known")
	}
	for name, index := range map[string]uint32{"": 0, "12": 12, "12x": 12, "nowhere": 0, "99999999999": 0xFFFFFF} {
		if got := zoneIndex(name); got != index {
			t.Errorf("%q became %d, not %d", name, got, index)
		}
	}
	if zoneName(0) != "" {
		t.Error("no zone has a name")
	}
}

// Packets of a link are answered along it.
func TestLinkLocalPackets(t *testing.T) {
	all, _ := net.Interfaces()
	for _, i := range all {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			n, ok := a.(*net.IPNet)
			if !ok || n.IP.To4() != nil || !n.IP.IsLinkLocalUnicast() {
				continue
			}
			onEach(t, func(t *testing.T) {
				c, err := ListenPacket("udp6", "["+n.IP.String()+"%"+i.Name+"]:0")
				if err != nil {
					t.Skip(err)
				}
				defer c.Close()
				if _, err := c.WriteTo([]byte("x"), c.LocalAddr()); err != nil {
					t.Skip(err)
				}
				_, from, err := c.ReadFrom(make([]byte, 1))
				if err != nil || from.String() != c.LocalAddr().String() || from.(*net.UDPAddr).Zone != i.Name {
					t.Errorf("from %v, %v", from, err)
				}
			})
			return
		}
	}
	t.Skip("no address of a link")
}
