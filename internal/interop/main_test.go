//go:build linux

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests, or in a child process one errand of the table.
func TestMain(m *testing.M) {
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // the machine's limit is as it is, for both sides
	if text := os.Getenv(childVariable); text != "" {
		json.NewEncoder(os.Stdout).Encode(runErrand(text))
		return
	}
	code := m.Run()
	stopPrograms()
	if measured != "" {
		fmt.Print(measured)
	}
	os.Exit(code)
}
