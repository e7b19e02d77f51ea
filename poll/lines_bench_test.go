package poll

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A line reader beside bufio over Conn.Read: many lines in a stream, and one line at a
// time, there and back.
func BenchmarkLines(b *testing.B) {
	line := strings.Repeat("x", 40) + "\r\n"
	readers := map[string]func(c io.Reader) func() (string, error){
		"Reader": func(c io.Reader) func() (string, error) { return NewReader(c).ReadLine },
		"bufio": func(c io.Reader) func() (string, error) {
			r := bufio.NewReader(c)
			return func() (string, error) {
				s, err := r.ReadString('\n')
				return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r"), err
			}
		},
	}
	for _, shape := range []string{"stream", "pingpong"} {
		for _, name := range []string{"Reader", "bufio"} {
			b.Run(fmt.Sprintf("%s/by=%s", shape, name), func(b *testing.B) {
				b.ReportAllocs()
				fibers.Run(func() {
					c, peer, stop, err := makePair("tcp", "127.0.0.1:0")
					if err != nil {
						b.Fatal(err)
					}
					defer stop()
					read := readers[name](c)
					if shape == "stream" {
						block := []byte(strings.Repeat(line, 1000))
						fibers.Go(func() {
							for {
								if _, err := peer.Write(block); err != nil {
									return
								}
							}
						})
						for b.Loop() {
							if s, err := read(); err != nil || len(s) != 40 {
								b.Fatal(s, err)
							}
						}
						return
					}
					fibers.Go(func() {
						back := make([]byte, len(line))
						for {
							if _, err := io.ReadFull(peer, back); err != nil {
								return
							}
							peer.Write(back)
						}
					})
					out := []byte(line)
					for b.Loop() {
						c.Write(out)
						if s, err := read(); err != nil || len(s) != 40 {
							b.Fatal(s, err)
						}
					}
				})
			})
		}
	}
}
