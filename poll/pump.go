package poll

import (
	"io"
	"sync"
)

// A pump makes a source of any io.Reader: one goroutine reads while somebody waits, and
// what it has got is there for the next attempt. When all have gone on to something
// else it reads still, until it has something.
//
// Who calls what: attempts and notices come from the Reader, with its lock held, and
// there is one notice at a time. The goroutine owns chunk while up.
//
// Checked by: TestReaderOver…, TestReaderModel.
type pump struct {
	r    io.Reader
	host *guard // of the Reader
	mu   struct {
		sync.Mutex
		chunk   []byte
		at, end int // of chunk: has come, and has not been taken
		err     error
		up      bool // the goroutine is there
		call    func()
	}
}

// tryRead implements source.
func (p *pump) tryRead(b []byte, _ bool) (int, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.mu.up:
	case p.mu.at < p.mu.end:
		n := copy(b, p.mu.chunk[p.mu.at:p.mu.end])
		p.mu.at += n
		return n, true, nil
	case p.mu.err != nil:
		err := p.mu.err
		p.mu.err = nil
		return 0, true, err
	}
	return 0, false, nil
}

// notice implements source.
func (p *pump) notice(call func()) (cancel func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.mu.up {
		if p.mu.at < p.mu.end || p.mu.err != nil {
			return nil, false
		}
		if p.mu.chunk == nil {
			p.mu.chunk = make([]byte, readerSize)
		}
		p.mu.up = true
		p.host.aside(p.read) // L1
	}
	p.mu.call = call
	return p.silence, true
}

func (p *pump) silence() {
	p.mu.Lock()
	p.mu.call = nil
	p.mu.Unlock()
}

// read reads once.
func (p *pump) read() {
	n, err := 0, error(nil)
	for i := 0; n == 0 && err == nil; i++ {
		if i == patience {
			err = io.ErrNoProgress
			break
		}
		n, err = p.r.Read(p.mu.chunk)
	}
	p.mu.Lock()
	call := p.mu.call
	p.mu.at, p.mu.end, p.mu.err, p.mu.up, p.mu.call = 0, n, err, false, nil
	p.mu.Unlock()
	if call != nil {
		call()
	}
}

// patience is how often a reader, or writer, may do nothing without an error.
const patience = 100

// A drain makes a sink of any io.Writer, likewise. What it is writing it tells the next
// attempt when it has.
type drain struct {
	w    io.Writer
	host *guard // of the Writer
	mu   struct {
		sync.Mutex
		chunk []byte
		n     int // so much of it has been written, if done
		err   error
		up    bool
		done  bool
		call  func()
	}
}

// tryWrite implements sink. Between two attempts that report true b begins with the same bytes.
func (d *drain) tryWrite(b []byte, _ bool) (int, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.mu.done:
		d.mu.done = false
		return d.mu.n, true, d.mu.err
	case !d.mu.up && len(b) > 0:
		d.mu.chunk = append(d.mu.chunk[:0], b[:min(len(b), keptIdle)]...)
		d.mu.up = true
		d.host.aside(d.write) // L1
	}
	return 0, len(b) == 0, nil
}

// notice implements sink.
func (d *drain) notice(call func()) (cancel func(), ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.mu.up {
		return nil, false
	}
	d.mu.call = call
	return d.silence, true
}

func (d *drain) silence() {
	d.mu.Lock()
	d.mu.call = nil
	d.mu.Unlock()
}

// write writes what is in chunk.
func (d *drain) write() {
	n, err := d.w.Write(d.mu.chunk)
	if n < len(d.mu.chunk) && err == nil {
		err = io.ErrShortWrite
	}
	d.mu.Lock()
	call := d.mu.call
	d.mu.n, d.mu.err, d.mu.up, d.mu.done, d.mu.call = min(max(n, 0), len(d.mu.chunk)), err, false, true, nil
	d.mu.Unlock()
	if call != nil {
		call()
	}
}
