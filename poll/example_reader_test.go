package poll_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A line, or a time-out: what has come of the line by then is not lost.
func ExampleReader() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	r := poll.NewReader(a)
	line := r.ReadLineOp()
	fmt.Fprint(b, "one\ntw")
	for range 2 {
		if l, ok := fibers.PerformTimeout(line, 10*time.Millisecond); ok {
			fmt.Println(l.Value)
		} else {
			fmt.Println("not yet")
		}
	}
	fmt.Fprint(b, "o\n")
	fmt.Println(cml.Perform(line).Value)
	// Output:
	// one
	// not yet
	// two
}

// Lines of a peer that may be idle for so long, as in docs/io.md.
func serveLines(conn net.Conn, idle time.Duration, handle func(string)) error {
	r := poll.NewReader(conn)
	for {
		l, ok := fibers.PerformTimeout(r.ReadLineOp(), idle)
		switch {
		case !ok:
			return errIdle // half a line may have come: it is still there
		case l.Err != nil:
			return l.Err // io.EOF, after the last line
		}
		handle(l.Value)
	}
}

var errIdle = errors.New("idle")

func ExampleReader_lines() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Fprint(b, "one\ntwo\nthr")
	fmt.Println(serveLines(a, 10*time.Millisecond, func(s string) { fmt.Println(s) }))
	// Output:
	// one
	// two
	// idle
}

func ExampleNewReader() {
	r := poll.NewReader(strings.NewReader("any\nreader\n"))
	fmt.Println(r.ReadLine())
	fmt.Println(cml.Perform(r.ReadLineOp()))
	fmt.Println(r.ReadLine())
	// Output:
	// any <nil>
	// {reader <nil>}
	//  EOF
}

func ExampleReader_Read() {
	r := poll.NewReader(strings.NewReader("some text"))
	p := make([]byte, 4)
	n, err := r.Read(p)
	fmt.Println(string(p[:n]), err, r.Buffered())
	// Output:
	// some <nil> 5
}

func ExampleReader_ReadLine() {
	r := poll.NewReader(strings.NewReader("a line\r\nand another"))
	for {
		s, err := r.ReadLine()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s)
	}
	// Output:
	// a line
	// and another
	// EOF
}

func ExampleReader_ReadLineOp() {
	a, b := pair()
	defer a.Close()
	r, stop := poll.NewReader(a), cml.NewCond()
	fmt.Fprintln(b, "hello")
	b.Close()
	for !stop.Signalled() {
		cml.Select(
			cml.On(r.ReadLineOp(), func(l cml.Item[string]) {
				fmt.Println(l.Value, l.Err)
				if l.Err != nil {
					stop.Signal()
				}
			}),
			cml.On(stop.WaitOp(), func(cml.Unit) {}),
		)
	}
	// Output:
	// hello <nil>
	//  EOF
}

func ExampleReader_ReadOp() {
	r := poll.NewReader(strings.NewReader("some text"))
	fmt.Printf("%s\n", cml.Perform(r.ReadOp(4)).Value)
	// Output:
	// some
}

func ExampleReader_ReadN() {
	r := poll.NewReader(strings.NewReader("some text"))
	b, err := r.ReadN(6)
	fmt.Printf("%q %v\n", b, err)
	b, err = r.ReadN(6)
	fmt.Printf("%q %v, left: %d\n", b, err, r.Buffered())
	// Output:
	// "some t" <nil>
	// "" unexpected EOF, left: 3
}

func ExampleReader_ReadNOp() {
	r := poll.NewReader(strings.NewReader("some text"))
	fmt.Printf("%s\n", cml.Perform(r.ReadNOp(6)).Value)
	// Output:
	// some t
}

func ExampleReader_ReadAll() {
	r := poll.NewReader(strings.NewReader("some text"))
	b, err := r.ReadAll()
	fmt.Println(string(b), err)
	// Output:
	// some text <nil>
}

func ExampleReader_ReadAllOp() {
	a, b := pair()
	defer a.Close()
	r := poll.NewReader(a)
	fmt.Fprint(b, "some ")
	_, ok := fibers.PerformTimeout(r.ReadAllOp(), 5*time.Millisecond)
	fmt.Println(ok)
	fmt.Fprint(b, "text")
	b.Close()
	fmt.Printf("%s\n", cml.Perform(r.ReadAllOp()).Value)
	// Output:
	// false
	// some text
}

func ExampleReader_Peek() {
	r := poll.NewReader(strings.NewReader("GET /"))
	b, err := r.Peek(3)
	fmt.Println(string(b), err)
	fmt.Println(r.ReadLine())
	// Output:
	// GET <nil>
	// GET / <nil>
}

func ExampleReader_PeekOp() {
	r := poll.NewReader(strings.NewReader("GET /"))
	fmt.Printf("%s, %d left\n", cml.Perform(r.PeekOp(3)).Value, r.Buffered())
	// Output:
	// GET, 5 left
}

func ExampleReader_SetLimit() {
	r := poll.NewReader(strings.NewReader("a line that is too long\n"))
	r.SetLimit(10)
	_, err := r.ReadLine()
	fmt.Println(err)
	b, _ := r.ReadN(10)
	fmt.Printf("%s\n", b)
	// Output:
	// poll: longer than the limit of the Reader
	// a line tha
}

func ExampleReader_Buffered() {
	r := poll.NewReader(strings.NewReader("one\ntwo\n"))
	r.ReadLine()
	fmt.Println(r.Buffered())
	// Output:
	// 4
}

func ExampleReader_WriteTo() {
	r := poll.NewReader(strings.NewReader("head\nbody"))
	r.ReadLine()
	var rest strings.Builder
	n, err := io.Copy(&rest, r)
	fmt.Println(n, err, rest.String())
	// Output:
	// 4 <nil> body
}

func ExampleMergeLines() {
	out, errs := strings.NewReader("an answer\n"), strings.NewReader("a complaint\n")
	m := poll.MergeLines(poll.NewReader(out), poll.NewReader(errs))
	var lines [2]string
	for {
		l := m.Get()
		if l.From < 0 {
			break
		}
		if l.Err == nil {
			lines[l.From] = l.Text
		}
	}
	fmt.Println(lines)
	// Output:
	// [an answer a complaint]
}

func ExampleLineMerger_Get() {
	m := poll.MergeLines(poll.NewReader(strings.NewReader("the only one")))
	for range 3 {
		fmt.Println(m.Get())
	}
	// Output:
	// {0 the only one <nil>}
	// {0  EOF}
	// {-1  EOF}
}

func ExampleLineMerger_GetOp() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	m := poll.MergeLines(poll.NewReader(a), poll.NewReader(b))
	_, ok := fibers.PerformTimeout(m.GetOp(), time.Millisecond)
	fmt.Println(ok)
	fmt.Fprintln(a, "to b")
	fmt.Println(cml.Perform(m.GetOp()))
	// Output:
	// false
	// {1 to b <nil>}
}

func ExampleConn_TryRead() {
	a, b := pair()
	defer a.Close()
	p := make([]byte, 8)
	_, ok, _ := a.TryRead(p)
	fmt.Println(ok)
	fmt.Fprint(b, "hello")
	b.Close()
	cml.Perform(a.ReadableOp())
	n, ok, err := a.TryRead(p)
	fmt.Println(string(p[:n]), ok, err)
	// Output:
	// false
	// hello true <nil>
}

func ExampleConn_TryWrite() {
	a, b := pair()
	defer b.Close()
	n, ok, err := a.TryWrite([]byte("hello"))
	fmt.Println(n, ok, err)
	for ok { // until there is no room
		_, ok, _ = a.TryWrite(make([]byte, 64<<10))
	}
	a.Close()
	// Output:
	// 5 true <nil>
}

func ExampleFile_TryRead() {
	r, w, _ := poll.Pipe()
	defer r.Close()
	defer w.Close()
	_, ok, _ := r.TryRead(make([]byte, 1))
	fmt.Println(ok)
	// Output:
	// false
}

func ExampleFile_TryWrite() {
	r, w, _ := poll.Pipe()
	defer r.Close()
	defer w.Close()
	n, ok, err := w.TryWrite([]byte("hello"))
	fmt.Println(n, ok, err)
	// Output:
	// 5 true <nil>
}
