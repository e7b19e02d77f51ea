package poll_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleOpenFile() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Println(f.Write([]byte("hello")))
	// Output:
	// 5 <nil>
}

func ExampleDiskFile_Read() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.Write([]byte("hello"))
	f.Seek(0, io.SeekStart)
	fmt.Println(string(must(io.ReadAll(f))))
	// Output:
	// hello
}

func ExampleDiskFile_ReadAt() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.Write([]byte("hello"))
	buf := make([]byte, 3)
	fmt.Println(f.ReadAt(buf, 2))
	fmt.Println(string(buf))
	// Output:
	// 3 <nil>
	// llo
}

func ExampleDiskFile_Write() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	n, err := f.Write([]byte("hello"))
	fmt.Println(n, err)
	// Output:
	// 5 <nil>
}

func ExampleDiskFile_WriteAt() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	n, err := f.WriteAt([]byte("hello"), 100)
	fmt.Println(n, err)
	// Output:
	// 5 <nil>
}

func ExampleDiskFile_Seek() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Println(f.Seek(10, io.SeekStart))
	// Output:
	// 10 <nil>
}

func ExampleDiskFile_Stat() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.Write([]byte("hello"))
	fmt.Println(must(f.Stat()).Size())
	// Output:
	// 5
}

func ExampleDiskFile_Sync() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.Write([]byte("hello"))
	fmt.Println(f.Sync())
	// Output:
	// <nil>
}

func ExampleDiskFile_Close() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Println(f.Close())
	_, err = f.Write([]byte("x"))
	fmt.Println(errors.Is(err, os.ErrClosed))
	// Output:
	// <nil>
	// true
}

func ExampleDiskFile_Name() {
	name := filepath.Join(os.TempDir(), fmt.Sprint("fibers-example-", os.Getpid()))
	defer os.Remove(name)
	f, err := poll.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Println(f.Name() == name)
	// Output:
	// true
}

func ExampleOpen() {
	fibers.Run(func() {
		_, err := poll.Open("no such file")
		fmt.Println(errors.Is(err, os.ErrNotExist))
	})
	// Output: true
}
