//go:build !(linux && (amd64 || arm64) && gc && go1.26 && !go1.27 && !purego && !pull && !race && !msan && !asan)

package coro

import "unsafe"

// possible says that the direct way was verified: see direct.go.
const possible = false

func find() (newSlot func(func(unsafe.Pointer)) unsafe.Pointer, swap func(unsafe.Pointer)) {
	return nil, nil
}

func tried(func(func(unsafe.Pointer)) unsafe.Pointer, func(unsafe.Pointer), func()) bool {
	return false
}
