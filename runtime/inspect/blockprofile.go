package inspect

import (
	"compress/gzip"
	"fmt"
	"io"
	goruntime "runtime"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// WriteBlockProfile writes where fibers have waited, for what and how long, in the form
// of go tool pprof: fibers.BlockProfile, with the values contentions and delay as in
// Go's block profile, and the reason of the wait as the label "reason".
func WriteBlockProfile(w io.Writer) error {
	p := newProfile()
	for _, r := range fibers.BlockProfile() {
		p.sample(r)
	}
	z := gzip.NewWriter(w)
	if _, err := z.Write(p.bytes()); err != nil {
		return fmt.Errorf("inspect: the profile: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("inspect: the profile: %w", err)
	}
	return nil
}

// A profile is what is written in the format of github.com/google/pprof, the message
// Profile of its profile.proto. The numbers below are those of its fields.
type profile struct {
	out       message
	strings   map[string]int
	texts     []string
	functions map[string]int
	locations map[location]int
}

type location struct {
	fn   string
	file string
	line int
}

// A message is a protocol buffer that is being written.
type message []byte

func (m *message) varint(v uint64) {
	for v >= 0x80 {
		*m = append(*m, byte(v)|0x80)
		v >>= 7
	}
	*m = append(*m, byte(v))
}

// number appends a field that is a number.
func (m *message) number(field int, v int64) {
	m.varint(uint64(field) << 3)
	m.varint(uint64(v))
}

// part appends a field that is a message or a text.
func (m *message) part(field int, p []byte) {
	m.varint(uint64(field)<<3 | 2)
	m.varint(uint64(len(p)))
	*m = append(*m, p...)
}

func newProfile() *profile {
	p := &profile{strings: map[string]int{}, functions: map[string]int{}, locations: map[location]int{}}
	p.text("")
	for _, t := range [][2]string{{"contentions", "count"}, {"delay", "nanoseconds"}} {
		p.out.part(1, p.valueType(t))
	}
	p.out.part(11, p.valueType([2]string{"contentions", "count"}))
	p.out.number(12, 1)
	return p
}

func (p *profile) valueType(t [2]string) message {
	var m message
	m.number(1, int64(p.text(t[0])))
	m.number(2, int64(p.text(t[1])))
	return m
}

// text returns the number of s in the table of texts.
func (p *profile) text(s string) int {
	n, ok := p.strings[s]
	if !ok {
		n = len(p.texts)
		p.strings[s] = n
		p.texts = append(p.texts, s)
	}
	return n
}

func (p *profile) sample(r fibers.BlockRecord) {
	var m message
	if len(r.Stack) > 0 {
		found := goruntime.CallersFrames(r.Stack)
		for {
			f, more := found.Next()
			m.number(1, int64(p.location(location{f.Function, f.File, f.Line})))
			if !more {
				break
			}
		}
	}
	m.number(2, r.Count)
	m.number(2, int64(r.Time))
	var label message
	label.number(1, int64(p.text("reason")))
	label.number(2, int64(p.text(r.Reason)))
	m.part(3, label)
	p.out.part(2, m)
}

func (p *profile) location(l location) int {
	if n, ok := p.locations[l]; ok {
		return n
	}
	fn, ok := p.functions[l.fn]
	if !ok {
		fn = len(p.functions) + 1
		p.functions[l.fn] = fn
		var m message
		m.number(1, int64(fn))
		m.number(2, int64(p.text(l.fn)))
		m.number(3, int64(p.text(l.fn)))
		m.number(4, int64(p.text(l.file)))
		p.out.part(5, m)
	}
	n := len(p.locations) + 1
	p.locations[l] = n
	var line, m message
	line.number(1, int64(fn))
	line.number(2, int64(l.line))
	m.number(1, int64(n))
	m.part(4, line)
	p.out.part(4, m)
	return n
}

// bytes returns the message.
func (p *profile) bytes() []byte {
	out := p.out
	for _, t := range p.texts {
		out.part(6, []byte(t))
	}
	return out
}
