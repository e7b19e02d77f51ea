//go:build linux

package interop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A program is a server of somebody else, run in a temporary directory and at a free
// port of the loopback. It is started when it is first used, and then serves all
// tests.
type program struct {
	name    string
	debian  string   // the packages that it comes with
	binary  string   // on PATH
	places  []string // patterns of directories that it may be in, besides
	prepare func(p *program) *exec.Cmd
	command func(p *program) *exec.Cmd
	ready   func(addr string) error

	once    sync.Once
	failed  error
	path    string // of the binary
	dir     string
	port    int
	process *exec.Cmd
	ended   chan struct{} // closed when process has been waited for
}

var programs = []*program{postgres, redisServer, mariadb}

func (p *program) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// sibling returns the path of another program in the directory of the binary.
func (p *program) sibling(name string) string {
	path, err := filepath.EvalSymlinks(p.path)
	if err != nil {
		path = p.path
	}
	return filepath.Join(filepath.Dir(path), name)
}

// errNotInstalled is why a test is skipped.
var errNotInstalled = errors.New("is not installed")

// lookFor returns the path of a binary.
func lookFor(binary string, places ...string) (string, error) {
	if path, err := exec.LookPath(binary); err == nil {
		return path, nil
	}
	for _, place := range places {
		found, _ := filepath.Glob(filepath.Join(place, binary))
		if len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("%s %w", binary, errNotInstalled)
}

// need skips the test if err is that something is not installed, unless that is
// demanded; it fails at any other error.
func need(t testing.TB, err error, debian string) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errNotInstalled) && os.Getenv("CI") != "true" && os.Getenv("INTEROP_REQUIRED") == "":
		t.Skipf("%v: apt-get install %s", err, debian)
	default:
		t.Fatalf("%v (Debian: %s)", err, debian)
	}
}

// use starts the program unless it runs, or has been found not to.
func (p *program) use(t testing.TB) {
	t.Helper()
	p.once.Do(func() { p.failed = p.setUp() })
	need(t, p.failed, p.debian)
}

func (p *program) setUp() (err error) {
	if p.path, err = lookFor(p.binary, p.places...); err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("", "interop"); err != nil {
		return err
	}
	if p.prepare != nil {
		cmd := p.prepare(p)
		if err := p.unprivileged(cmd); err != nil {
			return err
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", cmd, err, out)
		}
	}
	// Somebody else may take the port in between.
	for range 5 {
		if p.port, err = freePort(); err != nil {
			return err
		}
		if err = p.start(); err == nil {
			return nil
		}
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// unprivileged has cmd run as another user where this one is root, as which
// databases refuse to run, and in the directory of p, which it gives to that user.
func (p *program) unprivileged(cmd *exec.Cmd) error {
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(p.dir, uid, gid)
}

// start starts the process, at the port that it has, and waits until it answers.
func (p *program) start() error {
	cmd := p.command(p)
	if err := p.unprivileged(cmd); err != nil {
		return err
	}
	said, err := os.Create(filepath.Join(p.dir, "said")) // no pipe, as that takes a goroutine
	if err != nil {
		return err
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := launch(cmd); err != nil {
		return err
	}
	p.process, p.ended = cmd, make(chan struct{})
	go p.wait()
	for begin := time.Now(); time.Since(begin) < 30*time.Second; time.Sleep(20 * time.Millisecond) { // sleep: polling with a deadline
		if err = p.ready(p.addr()); err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s has ended: %v\n%s", p.name, cmd.ProcessState, p.output())
		default:
		}
	}
	p.kill()
	return fmt.Errorf("%s does not answer: %w\n%s", p.name, err, p.output())
}

func (p *program) wait() {
	p.process.Wait()
	close(p.ended)
}

// output returns what it has said.
func (p *program) output() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "said"))
	return string(text)
}

// kill kills the process, which gets no chance to take leave.
func (p *program) kill() {
	syscall.Kill(-p.process.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// restart starts it again at the same port. What it left may hold it up for a while.
func (p *program) restart() error { return again(p.start) }

// stopPrograms kills what runs, and removes its files.
func stopPrograms() {
	for _, p := range programs {
		if p.process != nil {
			p.kill()
		}
		if p.dir != "" {
			// Its own children may still be writing.
			for begin := time.Now(); os.RemoveAll(p.dir) != nil && time.Since(begin) < 5*time.Second; {
				time.Sleep(20 * time.Millisecond) // sleep: polling with a deadline
			}
		}
	}
}

// launcher starts processes on a thread that stays, as Pdeathsig kills them at the
// end of the thread that started them.
var launcher = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		goruntime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func launch(cmd *exec.Cmd) error {
	done := make(chan error)
	launcher() <- func() { done <- cmd.Start() }
	return <-done
}
