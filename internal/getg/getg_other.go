//go:build !gc || purego || !(386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x || wasm)

package getg

// Get returns the key of the calling goroutine. It is never 0 and never odd.
func Get() uintptr { return uintptr(number() << 1) }

// Exact says that the key is the address of the goroutine's structure.
const Exact = false
