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

// serveMonitorTimer is the goroutine that waits, while the monitor rests. A goroutine that blocks in a
// system call keeps a processor of Go's until sysmon takes it back, up to 10 ms later where all
// compute. So it does not begin to while schedulers are up, for whom that may be the last one.
func (rt *Runtime) serveMonitorTimer(t kernelTimer) {
	defer rt.services.Done()
	r := &rt.monitor.rest
	for {
		<-r.rests // M4
		if r.state.Load() == monitorOver {
			return
		}
		t.wait()
		rt.monitor.timeHasCome()
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
