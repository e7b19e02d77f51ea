package sim_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// A counter is read by two fibers before either writes it.
func ExampleCheck() {
	f := sim.Check(func(s *sim.Sim) {
		counter := 0
		var wg cml.WaitGroup
		wg.Add(2)
		for range 2 {
			fibers.Go(func() {
				n := counter
				fibers.Yield()
				counter = n + 1
				wg.Done()
			})
		}
		wg.Wait()
		s.Always(counter == 2, "the counter is %d", counter)
	})
	fmt.Println(f.Kind)
	fmt.Println(strings.SplitN(f.Message, "\n", 2)[0])
	// Output:
	// assertion
	// the counter is 1
}

// In a test it is a line: sim.Test(t, body).
func ExampleTest() {
	// func TestDay(t *testing.T) {
	//	sim.Test(t, day)
	// }
	day := func(s *sim.Sim) {
		begin := s.Now()
		fibers.Sleep(24 * time.Hour)
		s.Always(s.Now().Sub(begin) == 24*time.Hour, "a day has %v", s.Now().Sub(begin))
	}
	fmt.Println(sim.Check(day))
	// Output: no run failed
}

// The report of a deadlock says who waits for what.
func ExampleFailure() {
	f := sim.Check(func(s *sim.Sim) {
		var left, right cml.Mutex
		done := cml.NewChan[cml.Unit]()
		fibers.GoNamed("one", func() { left.Lock(); right.Lock(); done.Put(cml.Unit{}) })
		fibers.GoNamed("two", func() { right.Lock(); left.Lock(); done.Put(cml.Unit{}) })
		done.Get()
		done.Get()
	})
	fmt.Println(f.Kind)
	for _, line := range strings.Split(f.Message, "\n") {
		if strings.HasPrefix(line, "a cycle") {
			fmt.Println(line)
		}
	}
	// Output:
	// deadlock
	// a cycle: fiber 2 "one", which waits for mutex#2 of fiber 3 "two", which waits for mutex#1 of fiber 2 "one"
}

// Seed makes one run again, that of a report.
func ExampleSeed() {
	body := func(s *sim.Sim) { s.Always(s.Rand().IntN(100) != 42, "drew 42") }
	f := sim.Check(body)
	again := sim.Check(body, sim.Seed(f.Seed))
	fmt.Println(again.Message == f.Message, again.Seed == f.Seed)
	// Output: true true
}

// All orders of three fibers are 3!, if nobody is passed over.
func ExampleExhaustive() {
	orders := map[string]int{}
	var last *sim.Sim
	f := sim.Check(func(s *sim.Sim) {
		last = s
		var order []byte
		var wg cml.WaitGroup
		for _, name := range []byte("abc") {
			wg.Add(1)
			fibers.Go(func() { order = append(order, name); wg.Done() })
		}
		wg.Wait()
		orders[string(order)]++
	}, sim.Explore(sim.Exhaustive(0)))
	fmt.Println(f, len(orders), last.Schedules() >= 6)
	// Output: no run failed 6 true
}

// A strategy, and how many runs.
func ExampleExplore() {
	for _, st := range []sim.Strategy{sim.Random(), sim.PCT(3), sim.RoundRobin()} {
		runs := 0
		f := sim.Check(func(s *sim.Sim) { runs++ }, sim.Explore(st), sim.Runs(20), sim.Steps(1000), sim.From(5), sim.Patience(time.Minute), sim.Shrinks(100))
		fmt.Println(st, runs, f)
	}
	// Output:
	// Random() 20 no run failed
	// PCT(3) 20 no run failed
	// RoundRobin() 20 no run failed
}

// What should be so in some run at least.
func ExampleSim_Sometimes() {
	f := sim.Check(func(s *sim.Sim) {
		n := s.Rand().IntN(6) + 1
		s.Sometimes(n == 6, "a six")
		s.Sometimes(n == 7, "a seven")
		if n == 1 {
			s.Reachable("a one")
		}
	}, sim.Expect("a one"))
	fmt.Println(f.Kind, f.Message)
	// Output: unreached never so in 1000 runs: "a seven"
}

// Eventually waits, in the time of the simulation.
func ExampleSim_Eventually() {
	fmt.Println(sim.Check(func(s *sim.Sim) {
		ready := false
		fibers.Go(func() { fibers.Sleep(time.Minute); ready = true })
		s.Eventually(time.Hour, func() bool { return ready }, "it is ready")
		s.Always(s.Elapsed() == time.Minute, "it took %v", s.Elapsed())
	}, sim.Runs(10)))
	// Output: no run failed
}

// Two hosts, a link between them that is cut, and healed.
func ExampleHost() {
	f := sim.Check(func(s *sim.Sim) {
		server, client := s.Host("server"), s.Host("client")
		link := s.Link(server, client)
		link.Latency(time.Millisecond, 20*time.Millisecond)
		link.Loss(0.05)
		l, err := server.Listen("tcp", ":7")
		s.Always(err == nil, "listen: %v", err)
		server.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				fibers.Go(func() { _, _ = io.Copy(c, c) })
			}
		})
		c, err := client.Dial("tcp", "server:7")
		s.Always(err == nil, "dial: %v", err)
		link.Cut()
		fmt.Fprintln(c, "hello")
		fibers.Sleep(time.Second)
		link.Heal()
		line, err := bufio.NewReader(c).ReadString('\n')
		s.Always(err == nil && line == "hello\n", "read %q: %v", line, err)
	}, sim.Runs(100))
	fmt.Println(f)
	// Output: no run failed
}

// A host crashes, and what it ran is run again.
func ExampleHost_Crash() {
	f := sim.Check(func(s *sim.Sim) {
		h := s.Host("server")
		starts := 0 // survives, as on a disk
		h.Go(func() {
			starts++
			cml.Perform(cml.Never[int]())
		})
		fibers.Sleep(time.Millisecond)
		h.Crash()
		fibers.Sleep(time.Second)
		h.Restart()
		fibers.Sleep(time.Millisecond)
		s.Always(starts == 2, "%d starts", starts)
	}, sim.Runs(10))
	fmt.Println(f)
	// Output: no run failed
}

// A handler and a client of net/http.
func ExampleServeHTTP() {
	f := sim.Check(func(s *sim.Sim) {
		server, client := s.Host("server"), s.Host("client")
		l, err := server.Listen("tcp", ":80")
		s.Always(err == nil, "%v", err)
		server.Go(func() {
			_ = sim.ServeHTTP(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "hello from %s", r.Host)
			}))
		})
		web := http.Client{Transport: client.Transport()}
		resp, err := web.Get("http://server/")
		s.Always(err == nil, "%v", err)
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		s.Always(string(text) == "hello from server", "%q", text)
	}, sim.Runs(10))
	fmt.Println(f)
	// Output: no run failed
}

// A context with a virtual deadline.
func ExampleWithTimeout() {
	f := sim.Check(func(s *sim.Sim) {
		ctx, cancel := sim.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		_, err := cml.PerformContext(ctx, cml.Never[int]())
		s.Always(err == context.DeadlineExceeded, "%v", err)
		s.Always(s.Elapsed() == time.Hour, "%v", s.Elapsed())
	}, sim.Runs(10))
	fmt.Println(f)
	// Output: no run failed
}
