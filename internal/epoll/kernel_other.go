//go:build !linux

package epoll

import "fmt"

const supported = false

func openKernel() (kernel, error) {
	return nil, fmt.Errorf("%w on this system", ErrUnsupported)
}
