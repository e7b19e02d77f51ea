//go:build tools

package inspect

// The gops command itself, which TestGopsSeesTheFibers builds; so that go mod
// tidy keeps what it requires.
import _ "github.com/google/gops"
