//go:build linux

package interop

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

var hostKey = sync.OnceValue(func() ssh.Signer {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		panic(err)
	}
	return signer
})

// An sshServer runs sessions: "echo WORDS" says the words, "hash" what its input
// hashes to, "exit" ends with status 3, "wait" not at all.
type sshServer struct {
	s      *side
	at     string
	l      net.Listener
	config ssh.ServerConfig
	mu     sync.Mutex
	conns  map[net.Conn]bool // nil: killed
	all    sync.WaitGroup
}

func startSSH(s *side) (*sshServer, error) {
	v := &sshServer{s: s, at: "127.0.0.1:0"}
	v.config.PasswordCallback = func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if string(password) == "secret" {
			return nil, nil
		}
		return nil, errors.New("no")
	}
	v.config.AddHostKey(hostKey())
	return v, v.start()
}

func (v *sshServer) addr() string { return v.at }

func (v *sshServer) restart() error { return again(v.start) }

func (v *sshServer) start() error {
	l, err := v.s.listen("tcp", v.at)
	if err != nil {
		return err
	}
	v.l, v.at, v.conns = l, l.Addr().String(), map[net.Conn]bool{}
	v.party(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			v.mu.Lock()
			killed := v.conns == nil
			if !killed {
				v.conns[c] = true
			}
			v.mu.Unlock()
			if killed { // which has just come
				c.Close()
				return
			}
			v.party(func() {
				v.serve(c)
				v.mu.Lock()
				delete(v.conns, c)
				v.mu.Unlock()
			})
		}
	})
	return nil
}

// kill ends all connections.
func (v *sshServer) kill() {
	v.l.Close()
	v.mu.Lock()
	for c := range v.conns {
		c.Close()
	}
	v.conns = nil
	v.mu.Unlock()
	v.all.Wait()
}

func (v *sshServer) party(f func()) {
	v.all.Add(1)
	v.s.spawn(func() { defer v.all.Done(); f() })
}

func (v *sshServer) serve(nc net.Conn) {
	defer nc.Close()
	c, channels, requests, err := ssh.NewServerConn(nc, &v.config)
	if err != nil {
		return
	}
	defer c.Close()
	v.party(func() { ssh.DiscardRequests(requests) })
	for asked := range channels {
		if asked.ChannelType() != "session" {
			asked.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, requests, err := asked.Accept()
		if err != nil {
			continue // until channels ends: who stops taking them before holds up the connection
		}
		v.party(func() { session(channel, requests) })
	}
}

func session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for r := range requests {
		if r.Type != "exec" {
			r.Reply(false, nil)
			continue
		}
		var command struct{ Text string }
		if err := ssh.Unmarshal(r.Payload, &command); err != nil {
			r.Reply(false, nil)
			return
		}
		r.Reply(true, nil)
		var exit struct{ Status uint32 }
		name, words, _ := strings.Cut(command.Text, " ")
		switch name {
		case "echo":
			io.WriteString(channel, words)
		case "hash":
			h := sha256.New()
			io.Copy(h, channel)
			fmt.Fprintf(channel, "%x", h.Sum(nil))
		case "wait":
			io.Copy(io.Discard, channel)
			continue
		default:
			exit.Status = 3
		}
		channel.SendRequest("exit-status", false, ssh.Marshal(&exit))
		return
	}
}

func dialSSH(ctx context.Context, s *side, addr, password string) (*ssh.Client, error) {
	nc, err := s.dial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c, channels, requests, err := ssh.NewClientConn(nc, addr, &ssh.ClientConfig{
		User: "interop", Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.FixedHostKey(hostKey().PublicKey()),
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

// newSession is c.NewSession that ends when ctx is done, if ctx has a deadline. A channel
// that is opened while the connection dies may be forgotten by package ssh: it drops the
// channels that it knows, then closes the connection, and what comes in between waits for
// ever, over package net as well.
func newSession(ctx context.Context, c *ssh.Client) (*ssh.Session, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return c.NewSession()
	}
	type made struct {
		*ssh.Session
		error
	}
	result := make(chan made, 1)
	go func() { // no party, as it may be left
		session, err := c.NewSession()
		result <- made{session, err}
	}()
	select {
	case m := <-result:
		return m.Session, m.error
	case <-ctx.Done():
		c.Close()
		return nil, ctx.Err()
	}
}

// echoSSH has a session say a word.
func echoSSH(ctx context.Context, c *ssh.Client, word string) (string, error) {
	session, err := newSession(ctx, c)
	if err != nil {
		return "", err
	}
	defer session.Close()
	out, err := session.Output("echo " + word)
	return string(out), err
}

// openSSH is a client that has a session for each request, on a connection that all
// share. A context is no part of package ssh: a party watches it, and closes.
func openSSH(s *side, addr string) (*client, error) {
	var mu sync.Mutex
	var shared *ssh.Client
	get := func(ctx context.Context) (*ssh.Client, error) {
		mu.Lock()
		defer mu.Unlock()
		if shared == nil {
			c, err := dialSSH(ctx, s, addr, "secret")
			if err != nil {
				return nil, err
			}
			shared = c
			s.spawn(func() { // who sees that it has ended
				c.Wait()
				mu.Lock()
				defer mu.Unlock()
				if shared == c {
					shared = nil
				}
				c.Close()
			})
		}
		return shared, nil
	}
	return &client{
		echo: func(ctx context.Context, word string) (string, error) {
			c, err := get(ctx)
			if err != nil {
				return "", err
			}
			return echoSSH(ctx, c, word)
		},
		slow: func(ctx context.Context) error {
			c, err := get(ctx)
			if err != nil {
				return err
			}
			session, err := newSession(ctx, c)
			if err != nil {
				return err
			}
			stop := context.AfterFunc(ctx, func() { session.Close() })
			defer stop()
			in, err := session.StdinPipe() // which stays open
			if err != nil {
				return err
			}
			defer in.Close()
			return session.Run("wait")
		},
		close: func() {
			mu.Lock()
			c := shared
			shared = nil
			mu.Unlock()
			if c != nil {
				c.Close()
				c.Wait()
			}
		},
	}, nil
}

func TestSSH(t *testing.T) {
	testClient(t, func(t *checked, s *side) service {
		v, err := startSSH(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(v.kill)
		return v
	}, openSSH)
}

func TestSSHMore(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		ctx, cancel := context.WithTimeout(context.Background(), patience/2)
		defer cancel()
		v, err := startSSH(s)
		if err != nil {
			t.Fatal(err)
		}
		t.atEnd(v.kill)
		if _, err := dialSSH(ctx, s, v.addr(), "guess"); err == nil {
			t.Error("a wrong password is let in")
		}
		c, err := dialSSH(ctx, s, v.addr(), "secret")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		err = crowd(s, 10, func(p int) error {
			session, err := c.NewSession()
			if err != nil {
				return err
			}
			defer session.Close()
			data := strings.Repeat(fmt.Sprintf("%08d", p), 1<<17) // 1 MiB, half of a window
			session.Stdin = strings.NewReader(data)
			out, err := session.Output("hash")
			if want := fmt.Sprintf("%x", sha256.Sum256([]byte(data))); string(out) != want {
				return fmt.Errorf("the hash is %q, want %q, %v", out, want, err)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		session, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		var exit *ssh.ExitError
		if err := session.Run("exit"); !errors.As(err, &exit) || exit.ExitStatus() != 3 {
			t.Error("exit status 3 arrives as ", err)
		}
	})
}

var sshRows = []row{{name: "x/crypto/ssh sessions, 20 parties on 5 connections", measure: func(s *side, _ string, l load) (sample, error) {
	v, err := startSSH(s)
	if err != nil {
		return sample{}, err
	}
	var clients [5]*ssh.Client
	var made [5]sync.Once
	return l.closedLoop(s, 20, func(p int) (err error) {
		i := p % 5
		made[i].Do(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			clients[i], err = dialSSH(ctx, s, v.addr(), "secret")
		})
		if err != nil {
			return err
		}
		if out, err := echoSSH(context.Background(), clients[i], "hello"); err != nil || out != "hello" {
			return fmt.Errorf("%q, %w", out, err)
		}
		return nil
	})
}}}
