package net

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/poll"
)

// Lines, and connections in memory. Both sides are fibers here: what is compared is what
// package poll has with what one would use in its place.

// fiberRow makes a workload of two programs of fibers.
func fiberRow(name, unit, about string, sizes [3]int, ours, theirs func(n int) harness.Parties) *harness.Workload {
	side := func(f func(n int) harness.Parties) func(context.Context, harness.Params) (harness.Sample, error) {
		return func(_ context.Context, p harness.Params) (harness.Sample, error) {
			return f(p.Scale.Of(sizes)).OnFibers(p)
		}
	}
	return &harness.Workload{
		Suite: "net", Rows: []harness.Row{{Name: name, Unit: unit, About: about}}, Single: true,
		Budget: 400 * time.Millisecond,
		Sides:  [harness.Sides]harness.Run{side(ours), side(theirs)},
	}
}

// aLine is what is sent, without its end.
var aLine = strings.Repeat("a line. ", 5)

func lineWorkloads() []*harness.Workload {
	ours := func(c net.Conn) func() (string, error) { return poll.NewReader(c).ReadLine }
	theirs := func(c net.Conn) func() (string, error) {
		r := bufio.NewReader(c)
		return func() (string, error) {
			s, err := r.ReadString('\n')
			return strings.TrimSuffix(s, "\n"), err
		}
	}
	stream := func(reader func(net.Conn) func() (string, error)) func(n int) harness.Parties {
		return func(n int) harness.Parties {
			block := []byte(strings.Repeat(aLine+"\n", 100))
			return over(dialed, n, func(c net.Conn) error {
				for sent := 0; sent < n; sent += 100 {
					if _, err := c.Write(block[:min(100, n-sent)*(len(aLine)+1)]); err != nil {
						return err
					}
				}
				return nil
			}, func(c net.Conn) error {
				read := reader(c)
				for range n {
					if s, err := read(); err != nil || s != aLine {
						return errors.Join(err, errors.New("a line is not what was sent"))
					}
				}
				return nil
			})
		}
	}
	back := func(reader func(net.Conn) func() (string, error)) func(n int) harness.Parties {
		return func(n int) harness.Parties {
			out := []byte(aLine + "\n")
			party := func(first bool) func(c net.Conn) error {
				return func(c net.Conn) error {
					read := reader(c)
					for range n {
						if first {
							c.Write(out)
						}
						if s, err := read(); err != nil || s != aLine {
							return errors.Join(err, errors.New("a line is not what was sent"))
						}
						if !first {
							c.Write(out)
						}
					}
					return nil
				}
			}
			return over(dialed, n, party(true), party(false))
		}
	}
	bytes := func(pipe func() (a, b net.Conn)) func(n int) harness.Parties {
		return func(n int) harness.Parties {
			party := func(first bool) func(c net.Conn) error {
				return func(c net.Conn) error {
					p := make([]byte, 64)
					for range n {
						if first {
							c.Write(p)
						}
						if _, err := io.ReadFull(c, p); err != nil {
							return err
						}
						if !first {
							c.Write(p)
						}
					}
					return nil
				}
			}
			return over(pipe, n, party(true), party(false))
		}
	}
	return []*harness.Workload{
		fiberRow("lines/stream", "ns/op", "a stream of lines over TCP, by poll.Reader and by bufio.Reader: time of a line",
			[3]int{500_000, 100_000, 500}, stream(ours), stream(theirs)),
		fiberRow("lines/back", "ns/op", "one line there and one back over TCP, likewise: time of a round",
			[3]int{10_000, 3000, 20}, back(ours), back(theirs)),
		fiberRow("mempipe", "ns/op", "64 bytes there and back over poll.MemPipe and over net.Pipe: time of a round",
			[3]int{200_000, 30_000, 100}, bytes(func() (a, b net.Conn) { return poll.MemPipe() }), bytes(net.Pipe)),
	}
}

// over is two parties at the ends of a connection, which is made here.
func over(pipe func() (a, b net.Conn), ops int, first, second func(net.Conn) error) harness.Parties {
	a, b := pipe()
	errs := make([]error, 2)
	return harness.Parties{
		Each: []func(){
			func() { errs[0] = first(a) },
			func() { errs[1] = second(b) },
		},
		Ops: ops,
		Check: func() error {
			return errors.Join(errs[0], errs[1], a.Close(), b.Close())
		},
	}
}

// dialed is a TCP connection of package poll. Nothing can be measured without one.
func dialed() (a, b net.Conn) {
	l, err := poll.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	if a, err = poll.Dial("tcp", l.Addr().String()); err != nil {
		panic(err)
	}
	if b, err = l.Accept(); err != nil {
		panic(err)
	}
	return a, b
}
