package net

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// What a load says to a server, and what it must hear.

// A script is what echoes are taken from: bytes without order, which are other ones
// at each place. A connection says another piece each time, and what the others say
// at the same time differs from it, so that an answer that belongs to an earlier
// request, or to another connection, is a wrong one.
type script struct {
	text []byte
	size int // of a piece
}

const (
	scriptPlaces = 1 << 14 // more than there are connections
	scriptStride = 1021    // from one request of a connection to its next; it is odd, so that all places have their turn
)

func newScript(size int) script {
	r := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, scriptPlaces+size)
	for i := range text {
		text[i] = byte(r.Uint32())
		if text[i] == collect { // which the server would obey
			text[i]++
		}
	}
	return script{text, size}
}

// piece is what a connection says the nth time.
func (s script) piece(conn, nth int) []byte {
	at := (conn + scriptStride*nth) % scriptPlaces
	return s.text[at : at+s.size]
}

// An answer is what must come, but for the bytes between from and to, which may be
// any: a date.
type answer struct {
	text     []byte
	from, to int
}

// holds reports whether what has come at a place of the answer is right.
func (a answer) holds(at int, come []byte) bool {
	want := a.text[at : at+len(come)]
	from := min(max(a.from-at, 0), len(come))
	to := min(max(a.to-at, 0), len(come))
	return bytes.Equal(come[:from], want[:from]) && bytes.Equal(come[to:], want[to:])
}

// errUnfinished says that more must come.
var errUnfinished = errors.New("unfinished")

// helloAnswer looks at the first answer of a server of HTTP. All others must be the
// same, but for the date.
func helloAnswer(text string) (answer, error) {
	wrong := fmt.Errorf("wrong answer: %q", text)
	head, body, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		return answer{}, errUnfinished
	}
	value := func(name string) (at int, v string) {
		_, after, ok := strings.Cut(head, "\r\n"+name+": ")
		if !ok {
			return 0, ""
		}
		v, _, _ = strings.Cut(after, "\r\n")
		return len(head) - len(after), v
	}
	_, length := value("Content-Length")
	size, err := strconv.Atoi(length)
	switch {
	case err != nil, !strings.HasPrefix(head, "HTTP/1.1 200 "), size != len(helloBody), len(body) > size:
		return answer{}, wrong
	case len(body) < size:
		return answer{}, errUnfinished
	case body != helloBody:
		return answer{}, wrong
	}
	at, date := value("Date")
	return answer{[]byte(text), at, at + len(date)}, nil
}
