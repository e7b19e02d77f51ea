package runtime

import (
	"time"

	"golang.org/x/sys/unix"
)

// A kernelTimer is a timer of the kernel's, for which a thread waits in a system call. To set
// one of Go's timers wakes a thread, where none waits for timers already. Nor could Go's own poller
// wait for this one: if who has been woken by way of the poller computes, nobody polls.
type kernelTimer int

// newWakeTimer makes the timer of the monitor, and the goroutine that waits for it.
func (rt *Runtime) newWakeTimer() wakeTimer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
	if err != nil {
		return rt.newGoTimer()
	}
	t := kernelTimer(fd)
	rt.services.Add(1)
	go rt.serveMonitorTimer(t)
	return t
}

// serveMonitorTimer is the goroutine that waits. It is one of its own, which waits again as
// soon as the time has come: a goroutine that blocks in a system call keeps a processor
// of Go's until sysmon takes it back, for which that stays awake where all else sleeps. So it
// does not begin to before the monitor first rests: a new runtime would be kept from that processor.
func (rt *Runtime) serveMonitorTimer(t kernelTimer) {
	defer rt.services.Done()
	m := &rt.monitor
	<-m.rest.begun
	for m.rest.state.Load() != monitorOver {
		t.wait()
		m.timeHasCome()
	}
}

func (t kernelTimer) set(d time.Duration) {
	when := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	_ = unix.TimerfdSettime(int(t), 0, &when, nil) // a raw call: it does not wake sysmon
}

// wait returns when the timer has expired.
func (t kernelTimer) wait() {
	var times [8]byte
	for {
		if _, err := unix.Read(int(t), times[:]); err != unix.EINTR {
			return
		}
	}
}

func (t kernelTimer) close() { unix.Close(int(t)) }
