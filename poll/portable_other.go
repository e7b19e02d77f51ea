//go:build !unix

package poll

import "errors"

// sysIsReady cannot ask here: only waiting tells.
func sysIsReady(uintptr, bool) bool { return false }

func pollable(uintptr, string) (plain, error) { return nil, errors.ErrUnsupported }

// tryRead implements stream.
func (s *plainStream) tryRead([]byte, bool) (int, bool, error) {
	return 0, true, errors.ErrUnsupported
}

// tryWrite implements stream.
func (s *plainStream) tryWrite([]byte, bool) (int, bool, error) {
	return 0, true, errors.ErrUnsupported
}

// exhausted cannot tell here.
func exhausted(error) bool { return false }
