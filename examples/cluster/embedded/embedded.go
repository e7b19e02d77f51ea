// Package embedded starts servers of NATS in the process, with JetStream: for tests, and
// to try things. One alone keeps what it has alone; those of a cluster keep it together.
package embedded

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patience is how long a server, and a cluster, may take to be ready.
const patience = 20 * time.Second

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
	s, err := start(&server.Options{StoreDir: dir, Port: port})
	if err != nil {
		return nil, err
	}
	if err := s.ready(); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// start starts a server that need not be ready yet.
func start(o *server.Options) (*Server, error) {
	o.Host, o.JetStream, o.NoSigs, o.NoLog = "127.0.0.1", true, true, true
	o.JetStreamMaxMemory, o.JetStreamMaxStore = 64<<20, 256<<20
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	s.Start()
	return &Server{server: s}, nil
}

// ready waits until clients can connect.
func (s *Server) ready() error {
	if !s.server.ReadyForConnections(patience) {
		return errors.New("embedded: the server is not ready: is the port taken?")
	}
	s.port = s.server.Addr().(*net.TCPAddr).Port
	return nil
}

// A Cluster is servers that keep streams together: each on as many of them as it has replicas.
type Cluster []*Server

// StartCluster starts n servers, at least two, that know of each other. Their files are in dir,
// and they listen at any ports.
func StartCluster(dir string, n int) (c Cluster, err error) {
	defer func() {
		if err != nil {
			c.Stop()
			c = nil
		}
	}()
	routes, err := places(n)
	if err != nil {
		return nil, err
	}
	for i, route := range routes {
		name := fmt.Sprint("server-", i)
		_, port, _ := net.SplitHostPort(route.Host)
		number, _ := strconv.Atoi(port)
		s, err := start(&server.Options{
			ServerName: name, StoreDir: filepath.Join(dir, name), Port: server.RANDOM_PORT, Routes: routes,
			Cluster: server.ClusterOpts{Name: "cluster", Host: "127.0.0.1", Port: number},
		})
		if err != nil {
			return c, err
		}
		c = append(c, s)
	}
	for _, s := range c {
		if err := s.ready(); err != nil {
			return c, err
		}
	}
	for begin := time.Now(); !c.agreed(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > patience {
			return c, errors.New("embedded: the servers do not find together")
		}
	}
	return c, nil
}

// places returns n addresses that are free. Each server has to know beforehand where the others
// will be.
func places(n int) (all []*url.URL, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("embedded: %w", err)
		}
		defer l.Close() // when all have been found, which differ so
		all = append(all, &url.URL{Scheme: "nats", Host: l.Addr().String()})
	}
	return all, nil
}

// agreed reports whether one leads, and knows all, and all know what it knows.
func (c Cluster) agreed() bool {
	return slices.ContainsFunc(c, func(s *Server) bool {
		return s.server.JetStreamIsLeader() && len(s.server.JetStreamClusterPeers()) == len(c)
	}) && !slices.ContainsFunc(c, func(s *Server) bool { return !s.server.JetStreamIsCurrent() })
}

// URL returns where clients find them, with commas between.
func (c Cluster) URL() string {
	var all []string
	for _, s := range c {
		all = append(all, s.URL())
	}
	return strings.Join(all, ",")
}

// Stop ends all of them.
func (c Cluster) Stop() {
	for _, s := range c {
		s.Stop()
	}
}

// Name returns what it is called in its cluster.
func (s *Server) Name() string { return s.server.Name() }

// Port returns its port.
func (s *Server) Port() int { return s.port }

// URL returns where clients find it.
func (s *Server) URL() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.port) }

// Stop ends it, with what its clients are at; its files stay.
func (s *Server) Stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
