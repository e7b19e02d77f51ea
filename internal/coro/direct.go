//go:build linux && (amd64 || arm64) && gc && go1.26 && !go1.27 && !purego && !pull && !race && !msan && !asan

package coro

// possible says that the direct way was verified for what this program is built with
// and for. Before a version of Go, a system or an architecture is added above, the list
// in docs/design/0001-stack-switch.md is to be gone through. (The sanitizers are told
// of switches by iter.Pull.)
const possible = true
