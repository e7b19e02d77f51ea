//go:build !unix

package poll

import (
	"errors"
	"os"
)

// sysIsReady cannot ask here: only waiting tells.
func sysIsReady(uintptr, bool) bool { return false }

func pollable(uintptr, string) (*os.File, error) { return nil, errors.ErrUnsupported }

func isExhausted(error) bool { return false }
