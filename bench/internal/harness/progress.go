package harness

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress tells on stderr how far the run is: on a terminal in one line that
// it keeps rewriting, elsewhere with a line for each row that is done.
type progress struct {
	mu struct {
		sync.Mutex
		out      io.Writer
		terminal bool
		silent   bool // the table has the screen now
		rows     int  // all
		done     int
	}
}

func newProgress(out io.Writer, blocks []*Block) *progress {
	p := &progress{}
	p.mu.out = out
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.mu.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	for _, b := range blocks {
		p.mu.rows += len(b.rows) * len(b.results)
	}
	return p
}

// show says what is running.
func (p *progress) show(b *Block, res *Result, round int, s Side) {
	p.say(fmt.Sprintf("%s, schedulers %d, round %d, %s", b.workload.Rows[b.rows[0]].Name, res.Schedulers, round+1, s))
}

func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.terminal && !p.mu.silent {
		fmt.Fprintf(p.mu.out, "\r\x1b[K[%d/%d] %s", p.mu.done, p.mu.rows, text)
	}
}

// tell says something that is no row, where there is no line to rewrite.
func (p *progress) tell(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.mu.terminal && !p.mu.silent {
		fmt.Fprintf(p.mu.out, "bench: "+format+"\n", args...)
	}
}

// finished says what rows are done, together in so much time.
func (p *progress) finished(lines []Line, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range lines {
		p.mu.done++
		if p.mu.terminal || p.mu.silent {
			continue
		}
		c := l.cells()
		fmt.Fprintf(p.mu.out, "[%d/%d] %s, schedulers %s: fibers %s, goroutines %s %s, ratio %s (rounds: %d, %.1f s)\n",
			p.mu.done, p.mu.rows, c[0], c[1], c[2], c[3], c[4], c[5], len(l.pairs), took.Seconds())
	}
}

// clear removes the line and says nothing any more.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.silent = true
	if p.mu.terminal {
		fmt.Fprint(p.mu.out, "\r\x1b[K")
	}
}
