package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// top shows what is unusual and the groups, once a second; once if out is no terminal.
func top(ctx context.Context, c *client, out io.Writer) error {
	f, ok := out.(*os.File)
	if !ok || !isTerminal(f) {
		p, err := c.page(ctx, "site")
		if err != nil {
			return err
		}
		return render(out, &p, &page{}, 0, "site", 0, 0)
	}
	restore, keys := rawKeys(os.Stdin)
	defer restore()
	fmt.Fprint(f, "\x1b[?1049h\x1b[?25l")       // another screen, no cursor
	defer fmt.Fprint(f, "\x1b[?25h\x1b[?1049l") // and back
	by, paused := "site", false
	var before page
	var last time.Time
	for {
		if !paused {
			p, err := c.page(ctx, by)
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			width, height := size(f)
			var screen bytes.Buffer
			screen.WriteString("\x1b[H")
			since := time.Duration(0)
			if !last.IsZero() {
				since = time.Since(last)
			}
			if err := render(&screen, &p, &before, since, by, width, height-1); err != nil {
				return err
			}
			text := strings.ReplaceAll(screen.String(), "\n", "\x1b[K\r\n")
			if _, err := fmt.Fprint(f, text, "\x1b[J"); err != nil {
				return err
			}
			before, last = p, time.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case k := <-keys:
			switch k {
			case 'q', 3, 4:
				return nil
			case ' ':
				paused = !paused
			default:
				if b, ok := map[byte]string{'s': "site", 'f': "func", 'n': "name", 'o': "object", 'p': "parent"}[k]; ok {
					by, last = b, time.Time{}
				}
			}
		case <-time.After(time.Second):
		}
	}
}

// render writes one screen, width and height of which are 0 if there is no bound.
func render(w io.Writer, p, before *page, since time.Duration, by string, width, height int) error {
	var lines []string
	total, spawned, parks := 0, uint64(0), uint64(0)
	count := func(p *page) (total int, spawned, parks uint64) {
		for _, r := range p.Runtimes {
			total += r.Total
			spawned += r.Stats.Spawned
			for _, s := range r.Stats.Schedulers {
				parks += s.Parks
			}
		}
		return total, spawned, parks
	}
	total, spawned, parks = count(p)
	head := fmt.Sprintf("%d fibers", total)
	if since > 0 {
		_, s0, p0 := count(before)
		head += fmt.Sprintf("   %.0f spawned/s   %.0f waits/s", float64(spawned-s0)/since.Seconds(), float64(parks-p0)/since.Seconds())
	}
	lines = append(lines, head)
	for _, v := range p.Verdicts {
		lines = append(lines, v.Kind+": "+v.Text)
	}
	if len(p.Verdicts) == 0 {
		lines = append(lines, "nothing unusual")
	}
	lines = append(lines, "", fmt.Sprintf("%8s %8s %9s %9s  %-24s %s", "fibers", "running", "oldest", "growth/s", "waiting for", by))
	had := map[string]int{}
	for _, g := range before.Groups {
		had[g.Key] = g.Count
	}
	for _, g := range p.Groups {
		growth := g.Growth
		if growth == 0 && since > 0 {
			growth = float64(g.Count-had[g.Key]) / since.Seconds()
		}
		rate := ""
		if growth > 0.05 || growth < -0.05 {
			rate = fmt.Sprintf("%+.1f", growth)
		}
		reasons := slices.SortedFunc(maps.Keys(g.Reasons), func(a, b string) int { return cmp.Compare(g.Reasons[b], g.Reasons[a]) })
		why := strings.Join(reasons[:min(len(reasons), 2)], ", ")
		lines = append(lines, fmt.Sprintf("%8d %8d %9s %9s  %-24s %s", g.Count, g.Running, g.Oldest.Round(100*time.Millisecond), rate, why, cmp.Or(g.Key, "(not known)")))
	}
	for i, l := range lines {
		if height > 0 && i == height {
			break
		}
		if width > 0 && len(l) > width {
			l = strings.ToValidUTF8(l[:width], "")
		}
		if _, err := fmt.Fprintln(w, l); err != nil {
			return err
		}
	}
	return nil
}
