package inspect_test

import (
	"bytes"
	"encoding/json"
	"expvar"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

// A program that lets gops in: from now on, "gops" lists it with a star, and
// "gops stack" shows its fibers with their names.
func ExampleStart() {
	stop, err := inspect.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	if err := fibers.Run(func() {
		// … the program
		fmt.Println("inspection runs")
	}); err != nil {
		fmt.Println(err)
	}
	// Output: inspection runs
}

// The page at an address of its own.
func ExampleWithAddr() {
	stop, err := inspect.Start(inspect.WithAddr("localhost:0"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	res, err := http.Get("http://" + inspect.Addr() + inspect.Path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.Status, res.Header.Get("Content-Type"))
	// Output: 200 OK text/html; charset=utf-8
}

func ExampleAddr() {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()

	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"), inspect.WithRuntime(rt))
	if err != nil {
		fmt.Println(err)
		return
	}
	host, port, err := net.SplitHostPort(inspect.Addr())
	fmt.Println(host, port != "0", err)
	stop()
	fmt.Printf("%q\n", inspect.Addr())
	// Output:
	// 127.0.0.1 true <nil>
	// ""
}

func ExampleWithGopsAddr() {
	_, err := inspect.Start(inspect.WithGopsAddr(":8321"))
	fmt.Println(err)
	// Output: inspect: bad option: WithGopsAddr(":8321"): not a loopback address; use "localhost:port", "127.0.0.1:port" or "[::1]:port"
}

// The fibers of a runtime of one's own show where they were spawned.
func ExampleWithRuntime() {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	stop, err := inspect.Start(inspect.WithRuntime(rt))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	_ = rt.Run(func() {
		fibers.GoNamed("sleeper", func() { fibers.Sleep(time.Hour) })
	})
	for _, f := range rt.Fibers() {
		if f.Name == "sleeper" {
			fmt.Println(f.Name, f.Site != "")
		}
	}
	// Output: sleeper true
}

// The page in a server that the program has already, and what a program makes of
// it: ?format=json has what the page shows.
func ExampleHandler() {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	_ = rt.Run(func() {
		for i := range 3 {
			fibers.GoNamed(fmt.Sprintf("sleeper-%d", i), func() { fibers.Sleep(time.Hour) })
		}
	})

	mux := http.NewServeMux()
	mux.Handle(inspect.Path, inspect.Handler(rt))
	mux.Handle(inspect.Path+"/", inspect.Handler(rt))
	server := httptest.NewServer(mux)
	defer server.Close()

	res, err := http.Get(server.URL + inspect.Path + "?format=json&name=sleeper&limit=2")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	var page struct {
		Runtimes []struct {
			Matched int
			Fibers  []struct{ Name string }
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("alive:", page.Runtimes[0].Matched)
	for _, f := range page.Runtimes[0].Fibers {
		fmt.Println(f.Name)
	}
	// Output:
	// alive: 3
	// sleeper-0
	// sleeper-1
}

// What the last seconds looked like, for ui.perfetto.dev.
func ExampleWriteTrace() {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	fmt.Println(inspect.WriteTrace(io.Discard, time.Second, rt) == inspect.ErrNotRecording)
	rec, err := rt.Record(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rec.Stop()
	fmt.Println(inspect.WriteTrace(io.Discard, time.Second, rt))
	// Output:
	// true
	// <nil>
}

// Where fibers wait, for go tool pprof.
func ExampleWriteBlockProfile() {
	stop := fibers.Watch()
	defer stop()
	var profile bytes.Buffer
	fmt.Println(inspect.WriteBlockProfile(&profile), profile.Len() > 0)
	// Output: <nil> true
}

func ExampleProcesses() {
	stop, err := inspect.Start(inspect.WithAddr("127.0.0.1:0"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	all, err := inspect.Processes()
	for _, p := range all {
		if p.PID == os.Getpid() {
			fmt.Println(p.Addr == inspect.Addr(), err)
		}
	}
	// Output: true <nil>
}

// The counters of all runtimes as a variable of package expvar.
func Example_expvar() {
	all := expvar.Func(func() any {
		var stats []fibers.Stats
		for _, rt := range fibers.Runtimes() {
			stats = append(stats, rt.Stats())
		}
		return stats
	})
	fmt.Println(json.Valid([]byte(all.String())))
	// Output: true
}
