// Crawl visits every page of a made-up web that can be reached from the first,
// each once, and at most so many at a time.
//
// The crawler goes in rounds: the links on the pages of one round, as far as
// they are new, are the pages of the next. A round is a group of fibers, which
// has ended when WithGroup returns; its limit bounds how many pages are fetched
// at once. An error ends the crawl and cancels what is on its way.
//
//	go run ./examples/crawl
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// web has the links of each page.
var web = map[string][]string{
	"home":     {"docs", "blog", "about"},
	"docs":     {"install", "tutorial", "home"},
	"blog":     {"news", "tutorial"},
	"about":    {"home"},
	"install":  {"docs"},
	"tutorial": {"channels", "timers"},
	"news":     {"home", "blog"},
	"channels": {"timers"},
	"timers":   {},
	"island":   {"home"}, // nobody links to it
}

var errNotFound = errors.New("page not found")

// fetch returns the links of a page, after the time that a network takes.
func fetch(ctx context.Context, page string) ([]string, error) {
	fibers.Sleep(time.Millisecond)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	links, ok := web[page]
	if !ok {
		return nil, fmt.Errorf("%s: %w", page, errNotFound)
	}
	return links, nil
}

// crawl calls visit for each page that can be reached from start, round by
// round, and in a round by name. It fetches at most limit pages at once.
func crawl(ctx context.Context, start string, limit int, visit func(round int, page string)) error {
	seen := map[string]bool{start: true}
	pages := []string{start}
	for round := 0; len(pages) > 0; round++ {
		slices.Sort(pages)
		var (
			mu   sync.Mutex // members run in parallel; held too shortly to wait for
			next []string
		)
		err := fibers.WithGroup(ctx, func(_ context.Context, g *fibers.Group) error {
			g.SetLimit(limit)
			for _, page := range pages {
				g.Go(func(ctx context.Context) error { // waits until there is room
					links, err := fetch(ctx, page)
					if err != nil {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					for _, link := range links {
						if !seen[link] {
							seen[link] = true
							next = append(next, link)
						}
					}
					return nil
				})
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, page := range pages {
			visit(round, page)
		}
		pages = next
	}
	return nil
}

func run(w io.Writer) error {
	var failed error
	err := fibers.Run(func() {
		failed = crawl(context.Background(), "home", 2, func(round int, page string) {
			fmt.Fprintln(w, round, page)
		})
	})
	return errors.Join(err, failed)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
