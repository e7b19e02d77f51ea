//go:build !linux

package runtime

func (rt *Runtime) newWakeTimer() wakeTimer { return rt.newGoTimer() }
