package runtime_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Where a fiber is spawned is found out once for each return address of the library. The
// first of all to come by must not be taken for all who come later: whatever calls the
// library, also a wrapper that the compiler makes, and however deep the library calls itself.
func init() {
	for name, spawn := range firstSpawns {
		programs["first spawned by "+name] = func() {
			rt, err := fibers.New()
			check(err == nil, "no runtime")
			rt.Watch()
			_ = rt.Run(func() {
				_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
					spawn(g)
					spawnAgain(rt, g)
					return errors.New("the end of all")
				})
			})
		}
	}
}

var firstSpawns = map[string]func(g *fibers.Group){
	"a call":         func(g *fibers.Group) { g.Go(untilTheEnd) },
	"a method value": func(g *fibers.Group) { through(g.Go) },
	"an interface":   func(g *fibers.Group) { throughInterface(g) },
	"GroupSpawn": func(g *fibers.Group) {
		fibers.GroupSpawn(g, func(ctx context.Context) (int, error) { return 0, untilTheEnd(ctx) })
	},
	"First": func(g *fibers.Group) {
		_, _ = fibers.First(context.Background(), func(context.Context) (int, error) { return 1, nil }, func(ctx context.Context) (int, error) { return 0, untilTheEnd(ctx) })
	},
	"TryGo in a deferred call": func(g *fibers.Group) { defer g.TryGo(untilTheEnd) },
}

//go:noinline
func through(spawn func(func(context.Context) error)) { spawn(untilTheEnd) }

//go:noinline
func throughInterface(g interface {
	Go(func(context.Context) error)
}) {
	g.Go(untilTheEnd)
}

//go:noinline
func untilTheEnd(ctx context.Context) error { <-ctx.Done(); return nil }

// spawnAgain spawns from here, by each way, and looks where that is said to be.
func spawnAgain(rt *fibers.Runtime, g *fibers.Group) {
	_, file, line, _ := goruntime.Caller(0)
	g.Go(second)         // line + 1
	through2(g, second)  // elsewhere
	g.TryGo(second)      // line + 3
	fibers.GroupSpawn(g, // line + 4
		func(ctx context.Context) (int, error) { return 0, second(ctx) })
	for _, want := range []string{fmt.Sprint(file, ":", line+1), fmt.Sprint(file, ":", line+3), fmt.Sprint(file, ":", line+4)} {
		found := false
		var all []string
		for f := range rt.EachFiber {
			found = found || f.Site == want
			all = append(all, f.Site)
		}
		check(found, "no fiber was spawned at "+want+", but at "+strings.Join(all, ", "))
	}
}

//go:noinline
func second(ctx context.Context) error { <-ctx.Done(); return nil }

//go:noinline
func through2(g *fibers.Group, f func(context.Context) error) { g.Go(f) }

func TestFirstSpawnSiteIsNotEverybodys(t *testing.T) {
	for name := range firstSpawns {
		t.Run(name, func(t *testing.T) { mustRerun(t, "first spawned by "+name) })
	}
}
