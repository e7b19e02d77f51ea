package poll

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// markProcesses has all processes that are started from now on bear a mark in their
// environment, as do those that they start. What it returns waits until there are none,
// and returns the command lines of those that are left all the same. Where there is no /proc it
// finds nothing.
func markProcesses() (left func() string) {
	mark := fmt.Sprintf("FIBERS_TEST_PROCESS=%d.%d", os.Getpid(), time.Now().UnixNano())
	name, value, _ := strings.Cut(mark, "=")
	os.Setenv(name, value)
	look := func() string {
		var lines strings.Builder
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, file := range environs {
			if env, err := os.ReadFile(file); err != nil || !bytes.Contains(env, []byte(mark+"\x00")) {
				continue
			}
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			fmt.Fprintf(&lines, "%s: %s\n", filepath.Base(filepath.Dir(file)), bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		}
		return lines.String()
	}
	return func() string {
		text := look()
		for start := time.Now(); text != "" && time.Since(start) < 10*time.Second; text = look() {
			time.Sleep(10 * time.Millisecond) // sleep: polling with a deadline
		}
		return text
	}
}
