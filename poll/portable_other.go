//go:build !unix

package poll

import "errors"

// sysIsReady cannot ask here: only waiting tells.
func sysIsReady(uintptr, bool) bool { return false }

func pollable(uintptr, string) (plain, error) { return nil, errors.ErrUnsupported }

// exhausted cannot tell here.
func exhausted(error) bool { return false }
