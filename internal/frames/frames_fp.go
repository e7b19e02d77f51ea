//go:build gc && !purego && (amd64 || arm64)

package frames

import "unsafe"

// pointer returns the frame pointer of its caller.
func pointer() unsafe.Pointer

// Return fills pcs with the return addresses of the calling functions, beginning
// with that of the function which called Return's caller, and returns how many
// there were.
//
//go:noinline
func Return(pcs []uintptr) (n int) {
	// Of Return's own frame: it holds Return's caller's frame pointer, and where
	// Return returns to, which is of no interest.
	fp := pointer()
	if fp == nil {
		return 0
	}
	for fp = *(*unsafe.Pointer)(fp); fp != nil && n < len(pcs); n++ {
		pc := *(*uintptr)(unsafe.Add(fp, unsafe.Sizeof(fp)))
		if pc == 0 {
			break
		}
		pcs[n] = pc
		fp = *(*unsafe.Pointer)(fp)
	}
	return n
}
