// Memcached is a cache that speaks the text protocol of memcached: get, gets, set,
// add, replace, cas, delete, incr, decr, touch, flush_all, version and quit.
//
// A fiber for each connection reads commands and answers them; what it answers is
// kept until it has to wait for more of them, so that a client that sends many
// commands at once gets all answers in one piece. The entries are divided among
// shards with a lock each, which is a cml.Mutex: who waits for it parks its fiber.
//
//	go run ./examples/memcached -addr localhost:11211
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"strings"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "localhost:11211", "where to listen")
	flag.Parse()
	err := fibers.Run(func() {
		l, err := poll.Listen("tcp", *addr)
		if err != nil {
			log.Fatal(err)
		}
		defer l.Close()
		fmt.Println("listening at", l.Addr())
		log.Print(serve(l, newCache()))
	})
	if err != nil {
		log.Fatal(err)
	}
}

// serve serves one cache until l is closed.
func serve(l *poll.Listener, c *cache) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		fibers.Go(func() {
			defer conn.Close()
			newSession(c, conn).run()
		})
	}
}

const (
	longestKey   = 250
	largestValue = 1 << 20
)

// A session is one connection.
type session struct {
	cache *cache
	r     *bufio.Reader
	w     *bufio.Writer
}

func newSession(c *cache, conn net.Conn) *session {
	w := bufio.NewWriter(conn)
	return &session{c, bufio.NewReader(questions{conn, w}), w}
}

// questions is what a client says. Before it is waited for, the client gets the
// answers so far: it may want them before it says the rest of a command.
type questions struct {
	conn    net.Conn
	answers *bufio.Writer
}

// Read implements io.Reader.
func (q questions) Read(p []byte) (int, error) {
	if err := q.answers.Flush(); err != nil {
		return 0, err
	}
	return q.conn.Read(p)
}

// run answers commands until the client goes.
func (s *session) run() {
	for {
		line, err := s.r.ReadSlice('\n')
		if err != nil {
			return
		}
		words := strings.Fields(string(line))
		if len(words) == 0 {
			s.say("ERROR")
			continue
		}
		if words[0] == "quit" {
			s.w.Flush()
			return
		}
		quiet := words[len(words)-1] == "noreply"
		if quiet {
			words = words[:len(words)-1]
		}
		answer, err := s.do(words[0], words[1:])
		if err != nil {
			return
		}
		if !quiet {
			s.say(answer)
		}
	}
}

func (s *session) say(answer string) {
	s.w.WriteString(answer)
	s.w.WriteString("\r\n")
}

const badFormat = "CLIENT_ERROR bad command line format"

// do does a command and returns its answer. An error ends the session.
func (s *session) do(command string, args []string) (answer string, err error) {
	keys := args[:min(len(args), 1)]
	if command == "get" || command == "gets" {
		keys = args
	}
	for _, key := range keys {
		if len(key) > longestKey {
			return badFormat, nil
		}
	}
	switch command {
	case "get", "gets":
		return s.get(args, command == "gets")
	case "set", "add", "replace", "cas":
		return s.store(command, args)
	case "delete":
		if len(args) != 1 {
			return badFormat, nil
		}
		return s.cache.remove(args[0]), nil
	case "incr", "decr":
		if len(args) != 2 {
			return badFormat, nil
		}
		by, err := strconv.ParseUint(args[1], 10, 64)
		if err != nil {
			return "CLIENT_ERROR invalid numeric delta argument", nil
		}
		return s.cache.add(args[0], by, command == "decr"), nil
	case "touch":
		if len(args) != 2 {
			return badFormat, nil
		}
		seconds, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return badFormat, nil
		}
		return s.cache.touch(args[0], seconds), nil
	case "flush_all":
		s.cache.clear()
		return "OK", nil
	case "version":
		return "VERSION fibers", nil
	}
	return "ERROR", nil
}

func (s *session) get(keys []string, unique bool) (string, error) {
	if len(keys) == 0 {
		return "ERROR", nil
	}
	for _, key := range keys {
		e, ok := s.cache.get(key)
		if !ok {
			continue
		}
		fmt.Fprintf(s.w, "VALUE %s %d %d", key, e.flags, len(e.value))
		if unique {
			fmt.Fprintf(s.w, " %d", e.unique)
		}
		s.say("")
		s.w.Write(e.value)
		s.say("")
	}
	return "END", nil
}

// store reads the value that follows the command line.
func (s *session) store(command string, args []string) (string, error) {
	want := 4
	if command == "cas" {
		want = 5
	}
	if len(args) != want {
		return "ERROR", nil
	}
	flags, err1 := strconv.ParseUint(args[1], 10, 32)
	seconds, err2 := strconv.ParseInt(args[2], 10, 64)
	size, err3 := strconv.ParseInt(args[3], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || size < 0 {
		return badFormat, nil
	}
	if size > largestValue {
		_, err := io.CopyN(io.Discard, s.r, size+2)
		return "SERVER_ERROR object too large for cache", err
	}
	value := make([]byte, size+2)
	if _, err := io.ReadFull(s.r, value); err != nil {
		return "", err
	}
	if !bytes.HasSuffix(value, []byte("\r\n")) {
		return "CLIENT_ERROR bad data chunk", nil
	}
	e := entry{value: value[:size:size], flags: uint32(flags)}
	if command == "cas" {
		unique, err := strconv.ParseUint(args[4], 10, 64)
		if err != nil {
			return badFormat, nil
		}
		e.unique = unique
	}
	return s.cache.store(command, args[0], e, seconds), nil
}
