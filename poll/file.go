package poll

import (
	"io"
	"io/fs"
	"os"
	goruntime "runtime"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A File is a descriptor that can be waited for: an end of a pipe, a terminal, an
// eventfd, a socket of some other kind. Its methods may be called at the same time;
// writes do not mix. Its errors are *fs.PathError, and after Close both
// fs.ErrClosed and net.ErrClosed.
type File struct {
	s    stream
	name string
}

func newFile(s stream, name string) *File {
	f := &File{s, name}
	goruntime.SetFinalizer(f, func(f *File) { go f.s.close() })
	return f
}

// Pipe returns the two ends of a pipe. Close of w is the end for who reads r; Close
// of r is an error for who writes to w.
func Pipe() (r, w *File, err error) {
	realOnly("Pipe")
	type ends struct{ r, w stream }
	e, err := pick(func(b backend) (e ends, err error) {
		e.r, e.w, err = b.pipe()
		return e, err
	})
	if err != nil {
		return nil, nil, pathError("pipe", "|", err)
	}
	return newFile(e.r, "|0"), newFile(e.w, "|1"), nil
}

// NewFile makes a File of the descriptor fd, which it makes nonblocking (as seen by
// all who share it) and takes over: Close makes it as it was and closes it. If others
// make it blocking meanwhile, as shells do, reads and writes still park. name is for
// messages. It fails with ErrNotPollable for regular files and directories, which the
// system cannot tell about; Open reads those. If it fails the descriptor is as it was.
func NewFile(fd uintptr, name string) (*File, error) {
	realOnly("NewFile")
	s, err := pick(func(b backend) (stream, error) { return b.file(fd, name) })
	if err != nil {
		return nil, pathError("newfile", name, err)
	}
	return newFile(s, name), nil
}

// Name returns the name that was given to NewFile.
func (f *File) Name() string { return f.name }

// Read reads up to len(p) bytes and waits until there is at least one; at the end
// it returns io.EOF.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.s.read(p)
	goruntime.KeepAlive(f)
	return n, pathError("read", f.name, err)
}

// Write writes all of p, waiting as often as there is no room.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.s.write(p)
	goruntime.KeepAlive(f)
	return n, pathError("write", f.name, err)
}

// TryRead is Read that does not wait: see Conn.TryRead.
func (f *File) TryRead(p []byte) (n int, ok bool, err error) { return f.tryRead(p, true) }

func (f *File) tryRead(p []byte, ask bool) (n int, ok bool, err error) {
	n, ok, err = f.s.tryRead(p, ask)
	goruntime.KeepAlive(f)
	return n, ok, pathError("read", f.name, err)
}

// TryWrite is Write that does not wait: see Conn.TryWrite.
func (f *File) TryWrite(p []byte) (n int, ok bool, err error) { return f.tryWrite(p, true) }

func (f *File) tryWrite(p []byte, ask bool) (n int, ok bool, err error) {
	n, ok, err = f.s.tryWrite(p, ask)
	goruntime.KeepAlive(f)
	return n, ok, pathError("write", f.name, err)
}

func (f *File) promptly() (p prompt, ok bool) {
	p, ok = f.s.(prompt)
	return p, ok
}

// Close closes the file. All who wait are woken with net.ErrClosed; when it returns
// the descriptor is closed.
func (f *File) Close() error {
	if err := f.s.close(); err != nil {
		return pathError("close", f.name, err)
	}
	goruntime.SetFinalizer(f, nil)
	return nil
}

// SetDeadline sets the deadlines of reads and writes: see Conn.SetDeadline.
func (f *File) SetDeadline(t time.Time) error {
	return pathError("set", f.name, f.s.setDeadline(t, true, true))
}

// SetReadDeadline is SetDeadline for reads alone.
func (f *File) SetReadDeadline(t time.Time) error {
	return pathError("set", f.name, f.s.setDeadline(t, true, false))
}

// SetWriteDeadline is SetDeadline for writes alone.
func (f *File) SetWriteDeadline(t time.Time) error {
	return pathError("set", f.name, f.s.setDeadline(t, false, true))
}

// ReadableOp returns the operation that is ready when Read would not wait: see
// Conn.ReadableOp.
func (f *File) ReadableOp() cml.Op[error] {
	return cml.Wrap(f.s.ready(epoll.In), func(err error) error { return pathError("read", f.name, err) })
}

// WritableOp returns the operation that is ready when Write would not wait, at
// least with a little.
func (f *File) WritableOp() cml.Op[error] {
	return cml.Wrap(f.s.ready(epoll.Out), func(err error) error { return pathError("write", f.name, err) })
}

// SyscallConn implements syscall.Conn: see Conn.SyscallConn. The functions that are
// given to it must not close the file.
func (f *File) SyscallConn() (syscall.RawConn, error) {
	r, err := own(f.s, f, func(_ string, err error) error { return rawFileError(err) })
	return r, pathError("raw-control", f.name, err)
}

// A DiskFile is a regular file, whose calls are made by goroutines, so that only
// the calling fiber waits for the disk.
type DiskFile struct{ f *os.File }

// Open opens a regular file for reading, as os.Open does.
func Open(name string) (*DiskFile, error) { return OpenFile(name, os.O_RDONLY, 0) }

// OpenFile opens a regular file, as os.OpenFile does.
func OpenFile(name string, flags int, mode fs.FileMode) (*DiskFile, error) {
	type opened struct {
		f   *os.File
		err error
	}
	o := fibers.Blocking(func() opened { f, err := os.OpenFile(name, flags, mode); return opened{f, err} })
	if o.err != nil {
		return nil, o.err
	}
	return &DiskFile{o.f}, nil
}

func (d *DiskFile) counted(f func() (int, error)) (int, error) {
	r := fibers.Blocking(func() counted { n, err := f(); return counted{n, err} })
	return r.n, r.err
}

// Read implements io.Reader. Each call costs some 40 µs in a fiber: read in pieces
// of 64 KiB and more.
func (d *DiskFile) Read(p []byte) (int, error) {
	return d.counted(func() (int, error) { return d.f.Read(p) })
}

// ReadAt implements io.ReaderAt.
func (d *DiskFile) ReadAt(p []byte, at int64) (int, error) {
	return d.counted(func() (int, error) { return d.f.ReadAt(p, at) })
}

// Write implements io.Writer.
func (d *DiskFile) Write(p []byte) (int, error) {
	return d.counted(func() (int, error) { return d.f.Write(p) })
}

// WriteAt implements io.WriterAt.
func (d *DiskFile) WriteAt(p []byte, at int64) (int, error) {
	return d.counted(func() (int, error) { return d.f.WriteAt(p, at) })
}

// Seek implements io.Seeker. It does not wait.
func (d *DiskFile) Seek(offset int64, whence int) (int64, error) { return d.f.Seek(offset, whence) }

// Stat returns what the system says about the file.
func (d *DiskFile) Stat() (fs.FileInfo, error) {
	type result struct {
		fs.FileInfo
		err error
	}
	r := fibers.Blocking(func() result { i, err := d.f.Stat(); return result{i, err} })
	return r.FileInfo, r.err
}

// Sync has what was written brought to the disk.
func (d *DiskFile) Sync() error { return fibers.Blocking(d.f.Sync) }

// Close closes the file.
func (d *DiskFile) Close() error { return fibers.Blocking(d.f.Close) }

// Name returns the name that the file was opened with.
func (d *DiskFile) Name() string { return d.f.Name() }

var _ io.ReadWriteSeeker = (*DiskFile)(nil)
