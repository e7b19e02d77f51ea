// Package embedded starts a server of NATS in the process, with JetStream: for tests, and
// to try things. What it keeps, it keeps alone.
package embedded

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A Server is a server of NATS at the loopback.
type Server struct {
	server *server.Server
	port   int
}

// Start starts one whose files are in dir, at a port, or if that is 0, at any.
func Start(dir string, port int) (*Server, error) {
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 256 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, errors.New("embedded: the server is not ready: is the port taken?")
	}
	return &Server{s, s.Addr().(*net.TCPAddr).Port}, nil
}

// Port returns its port.
func (s *Server) Port() int { return s.port }

// URL returns where clients find it.
func (s *Server) URL() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.port) }

// Stop ends it, with what its clients are at; its files stay.
func (s *Server) Stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
