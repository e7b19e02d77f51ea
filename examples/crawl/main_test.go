package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestCrawl(t *testing.T) {
	var b strings.Builder
	if err := run(&b); err != nil {
		t.Fatal(err)
	}
	const want = "0 home\n1 about\n1 blog\n1 docs\n2 install\n2 news\n2 tutorial\n3 channels\n3 timers\n"
	if b.String() != want {
		t.Errorf("it writes\n%swant\n%s", b.String(), want)
	}
}

func TestCrawlVisitsTheSameAtEveryLimit(t *testing.T) {
	for _, limit := range []int{1, 3, 100, -1} {
		pages := 0
		err := fibers.Run(func() {
			if err := crawl(context.Background(), "island", limit, func(int, string) { pages++ }); err != nil {
				t.Error(err)
			}
		})
		if err != nil || pages != len(web) {
			t.Errorf("limit %d: %v, %d of %d pages", limit, err, pages, len(web))
		}
	}
}

func TestCrawlEndsAtAnError(t *testing.T) {
	visit := func(int, string) { t.Error("a page was visited") }
	expired, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	if err := crawl(context.Background(), "nowhere", 2, visit); !errors.Is(err, errNotFound) { // in a plain goroutine
		t.Errorf("a missing page: %v", err)
	}
	if err := crawl(expired, "home", 2, visit); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a context that is done: %v", err)
	}
}
