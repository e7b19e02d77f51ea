package inspect

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

const (
	stallTraces = 10 // files that are kept
	stallTrace  = 10 * time.Second
)

// TraceOnStall returns a function for fibers.WithStallReport that leaves what happened
// before a stall in the directory dir: the last ten seconds, as WriteTrace writes them, in
// fibers-PID-N.json, and the report in fibers-PID-N.txt. N goes from 0 to 9 and then
// begins again, so the last ten stalls are kept. It writes what recorders have kept: give
// the runtime fibers.WithRecorder as well.
//
// Then then is called, if it is not nil, with the report, the name of the trace and what
// has gone wrong: the directory is not there, or no runtime records (ErrNotRecording).
func TraceOnStall(dir string, then func(r fibers.Report, file string, err error)) func(fibers.Report) {
	var n atomic.Uint32 // several runtimes may have it
	return func(r fibers.Report) {
		base := filepath.Join(dir, fmt.Sprintf("fibers-%d-%d", os.Getpid(), (n.Inc()-1)%stallTraces))
		file := base + ".json"
		err := writeStall(base+".txt", file, r)
		if then != nil {
			then(r, file, err)
		}
	}
}

// writeStall writes both files.
func writeStall(text, file string, r fibers.Report) error {
	if err := os.WriteFile(text, []byte(r.Time.Format(time.RFC3339)+"\n"+r.String()+"\n"), 0o600); err != nil {
		return fmt.Errorf("inspect: the report of a stall: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("inspect: the trace of a stall: %w", err)
	}
	err = WriteTrace(f, stallTrace)
	if cerr := f.Close(); err == nil && cerr != nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("inspect: the trace of a stall: %w", err)
	}
	return nil
}
