//go:build !unix

package inspect

import fibers "github.com/seed222ee791/fibers/runtime"

const canQuit = false

// reportOnQuit is for systems with the signal.
func reportOnQuit([]*fibers.Runtime) (stop func()) { return func() {} }
