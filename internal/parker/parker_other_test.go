//go:build !linux

package parker

func (s *sleeper) more() {}
