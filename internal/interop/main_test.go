//go:build linux

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests, or in a child process one child task of the table.
func TestMain(m *testing.M) {
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // the machine's limit is as it is, for both sides
	if text := os.Getenv(childVariable); text != "" {
		json.NewEncoder(os.Stdout).Encode(runTask(text))
		return
	}
	code := m.Run()
	stopPrograms()
	if measured != "" {
		fmt.Print(measured)
	}
	os.Exit(code)
}
