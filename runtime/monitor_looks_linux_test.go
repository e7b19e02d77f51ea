package runtime

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// The monitor leaves the descriptors to those who look, and looks when nobody does.
func TestMonitorLooksWhereNobodyDoes(t *testing.T) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	defer epoll.Attach(func() {})() // so that the driver, which is always there, steps back
	var d epoll.Desc
	if err := d.Register(p[0]); err != nil {
		t.Skip(err)
	}
	defer d.Close()
	ready := func() bool {
		_, s := d.Begin(epoll.In)
		return s == epoll.Ready
	}
	ticket, _ := d.Begin(epoll.In)
	d.Drained(epoll.In, ticket)
	var m monitor
	for start := time.Now(); ; {
		if _, had := epoll.Look(nil); had {
			break
		}
		if time.Since(start) > 30*time.Second {
			t.Fatal("somebody else has the role all the time")
		}
		time.Sleep(time.Millisecond) // sleep: the driver may take its time
	}
	if _, err := unix.Write(p[1], []byte{1}); err != nil {
		t.Fatal(err)
	}
	if m.lookIn() || ready() {
		t.Error("it looked, though somebody else had just done so")
	}
	if !m.lookIn() || !ready() {
		t.Error("it did not look, though nobody did")
	}
	if !m.lookIn() {
		t.Error("its own look counts as that of somebody else")
	}
}
