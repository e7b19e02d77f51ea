//go:build unix

package poll

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

const sigTerm = syscall.SIGTERM

// ownGroup has cmd lead a group. It reports false, and has done nothing, if cmd joins another's.
func ownGroup(cmd *exec.Cmd) bool {
	attr := syscall.SysProcAttr{}
	if cmd.SysProcAttr != nil {
		attr = *cmd.SysProcAttr // which may be in use for others too
	}
	if attr.Pgid != 0 && (attr.Setpgid || attr.Foreground) {
		return false
	}
	attr.Pgid = 0
	if !attr.Setsid {
		attr.Setpgid = true
	}
	cmd.SysProcAttr = &attr
	return true
}

// leadsGroup reports whether cmd leads a group of its own, when it is started.
func leadsGroup(cmd *exec.Cmd) bool {
	a := cmd.SysProcAttr
	return a != nil && (a.Setsid || a.Pgid == 0 && (a.Setpgid || a.Foreground))
}

// signalGroup signals the group that pid leads.
func signalGroup(pid int, sig os.Signal) error {
	number, ok := sig.(syscall.Signal)
	if !ok {
		return errors.New("poll: a signal that is none of this system's")
	}
	err := syscall.Kill(-pid, number)
	if err == syscall.ESRCH {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("kill", err)
}
