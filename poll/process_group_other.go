//go:build !unix

package poll

import (
	"errors"
	"os"
	"os/exec"
)

// sigTerm is no question here: there is none.
var sigTerm = os.Kill

func ownGroup(*exec.Cmd) bool { return true }

func leadsGroup(*exec.Cmd) bool { return false }

func signalGroup(int, os.Signal) error { return errors.ErrUnsupported }
