package inspect

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Process is one that serves the page.
type Process struct {
	PID  int
	Path string // of its program
	Addr string // of its page, host:port
}

// suffix ends the names of the files that say where a process has its page; they lie
// beside those of gops, which end in the number.
const suffix = ".fibers"

// configDir returns the directory of gops' files.
func configDir() (string, error) {
	if dir := os.Getenv("GOPS_CONFIG_DIR"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "gops"), err
}

// announce writes the file of this process.
func announce(addr string) (remove func(), err error) {
	dir, err := configDir()
	if err != nil {
		return nil, fmt.Errorf("inspect: no place for the file that tells where the page is: %w", err)
	}
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	name := filepath.Join(dir, strconv.Itoa(os.Getpid())+suffix)
	if err := os.WriteFile(name, []byte(addr+"\n"+exe+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("inspect: the file that tells where the page is: %w", err)
	}
	return func() { _ = os.Remove(name) }, nil
}

// Processes returns the processes of this user that serve the page by Start, as the
// files tell that they leave in the directory of gops. Files of processes that do not
// answer any more are removed.
func Processes() ([]Process, error) {
	dir, err := configDir()
	if err != nil {
		return nil, fmt.Errorf("inspect: the directory of gops: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("inspect: the directory of gops: %w", err)
	}
	all := []Process{}
	for _, e := range entries {
		if p, ok := readProcess(dir, e); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

func readProcess(dir string, e fs.DirEntry) (p Process, ok bool) {
	number, found := strings.CutSuffix(e.Name(), suffix)
	pid, err := strconv.Atoi(number)
	if !found || err != nil {
		return p, false
	}
	name := filepath.Join(dir, e.Name())
	data, err := os.ReadFile(name)
	if err != nil {
		return p, false
	}
	addr, path, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	if checkLoopback(addr) != nil {
		return p, false
	}
	c, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil {
		_ = os.Remove(name)
		return p, false
	}
	_ = c.Close()
	return Process{PID: pid, Path: path, Addr: addr}, true
}
