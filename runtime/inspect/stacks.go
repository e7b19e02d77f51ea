package inspect

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
)

// The stacks of fibers come from the goroutine profile, whose cost is an
// instant's stop of the world, however many goroutines there are; the form that
// tells waits and labels of each (debug=2, which gops stack sends) stops it until
// all is written. The profile is read in its text form (debug=1), as there is no
// other public way to the labels:
//
//	2 @ 0x485cc7 0x59f10f
//	# labels: {"fiber":"worker-0"}
//	#	0x59f10e	main.work+0x4e	/src/main.go:12
//
// A fiber is a goroutine on whose stack is fiberFrame, or, where the stack is too
// deep for the profile, one with the label. What is below that frame belongs to
// the engine, and so do the frames at the top that switch to somebody else: they
// differ by chance and would divide the groups. A fiber that called Goexit leaves
// its frames on a goroutine that rests: there is only the switch above that call.

const (
	module     = "github.com/seed222ee791/fibers/"
	fiberFrame = module + "runtime.(*coroutine).run\t"
	region     = module + "runtime.inRegion.func1\t"
	goexit     = "runtime.Goexit\t"
	parkFrame  = module + "runtime.(*fiber)." // Park, Wait; with iter.Pull Leave
)

// switchFrames are the frames of the switch itself, by prefix.
var switchFrames = []string{
	"iter.Pull[", "runtime.coro",
	module + "internal/coro.",
	module + "runtime.(*coroutine).",
	module + "runtime.(*scheduler).",
}

// stacks are the stacks of fibers, grouped; an io.Writer that takes the profile.
type stacks struct {
	name   string // part of the name of the fibers to take; "" for all
	line   []byte // begun, not ended
	rec    record
	groups map[string]*group // by text
	raw    map[string]*group // by program counters; several may have one text
	others int               // goroutines that are no fibers
}

// A record is one of the profile's: goroutines with the same stack and labels.
type record struct {
	count  int
	pcs    string
	name   string
	known  *group   // its group, if it had been made before
	frames []string // function and place, separated by a tab; topmost first
}

// A group is the fibers with the same stack.
type group struct {
	text  string
	count int
	names []string // the first maxNames
	named int      // fibers with a name
}

const maxNames = 10

// readStacks takes a profile.
func readStacks(name string) (*stacks, error) {
	s := &stacks{name: name, groups: map[string]*group{}, raw: map[string]*group{}}
	if err := pprof.Lookup("goroutine").WriteTo(s, 1); err != nil {
		return nil, fmt.Errorf("goroutine profile: %w", err)
	}
	s.take(string(s.line))
	s.end()
	return s, nil
}

// Write takes a piece of the profile.
func (s *stacks) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			s.line = append(s.line, p...)
			return n, nil
		}
		s.line = append(s.line, p[:i]...)
		s.take(string(s.line))
		s.line, p = s.line[:0], p[i+1:]
	}
}

// take takes a line of the profile.
func (s *stacks) take(line string) {
	if labels, ok := strings.CutPrefix(line, "# labels: "); ok {
		s.rec.name = fiberLabel(labels)
		return
	}
	if frame, ok := strings.CutPrefix(line, "#\t"); ok {
		if s.rec.known != nil {
			return
		}
		if fields := strings.FieldsFunc(frame, func(r rune) bool { return r == '\t' }); len(fields) == 3 {
			fn := fields[1]
			if i := strings.LastIndex(fn, "+0x"); i >= 0 {
				fn = fn[:i]
			}
			s.rec.frames = append(s.rec.frames, fn+"\t"+fields[2])
		}
		return
	}
	count, pcs, ok := strings.Cut(line, " @")
	if n, err := strconv.Atoi(count); ok && err == nil {
		s.end()
		s.rec.count, s.rec.pcs, s.rec.known = n, pcs, s.raw[pcs]
	}
}

// end puts the record into its group.
func (s *stacks) end() {
	r := s.rec
	s.rec = record{frames: r.frames[:0]}
	g := r.known
	if g == nil {
		frames, isFiber := programFrames(r.frames)
		if !isFiber && r.name == "" {
			s.others += r.count
			return
		}
		if !strings.Contains(r.name, s.name) {
			return
		}
		text := stackText(frames)
		if g = s.groups[text]; g == nil {
			g = &group{text: text}
			s.groups[text] = g
		}
		s.raw[r.pcs] = g
	} else if !strings.Contains(r.name, s.name) {
		return
	}
	g.count += r.count
	if r.name != "" {
		g.named += r.count
		for range min(r.count, maxNames-len(g.names)) {
			g.names = append(g.names, r.name)
		}
	}
}

// programFrames returns the frames between the engine's, and whether they are
// those of a fiber.
func programFrames(frames []string) (_ []string, isFiber bool) {
	bottom := slices.IndexFunc(frames, func(f string) bool { return strings.HasPrefix(f, fiberFrame) })
	if bottom >= 0 {
		frames = frames[:bottom]
		if bottom > 0 && strings.HasPrefix(frames[bottom-1], region) {
			frames = frames[:bottom-1]
		}
	}
	for len(frames) > 0 && slices.ContainsFunc(switchFrames, func(p string) bool { return strings.HasPrefix(frames[0], p) }) {
		frames = frames[1:]
	}
	return frames, bottom >= 0 && (len(frames) == 0 || !strings.HasPrefix(frames[0], goexit))
}

// stackText returns the frames as they are shown.
func stackText(frames []string) string {
	var b strings.Builder
	for i, f := range frames {
		fn, place, _ := strings.Cut(f, "\t")
		if i == 0 && strings.HasPrefix(fn, parkFrame) {
			// Where in it the fiber switched away differs by chance, too.
			fmt.Fprintf(&b, "\t%s\n", fn)
			continue
		}
		fmt.Fprintf(&b, "\t%s\n\t\t%s\n", fn, place)
	}
	if b.Len() == 0 {
		return "\t(not in a function of the program)\n"
	}
	return b.String()
}

// print writes the groups, the largest first.
func (s *stacks) print(w io.Writer, q query) {
	groups := make([]*group, 0, len(s.groups))
	total := 0
	for _, g := range s.groups {
		groups = append(groups, g)
		total += g.count
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.text, b.text))
	})
	fmt.Fprintf(w, "%s on %s", count(total, "fiber"), count(len(groups), "stack"))
	if q.Name != "" {
		fmt.Fprintf(w, ", of those with %q in their names", q.Name)
	}
	fmt.Fprintf(w, "; %s besides\n", count(s.others, "goroutine"))
	for i, g := range groups {
		if i == q.Limit {
			fmt.Fprintf(w, "\nand %s more: see ?limit=\n", count(len(groups)-i, "stack"))
			return
		}
		fmt.Fprintf(w, "\n%s%s\n%s", count(g.count, "fiber"), g.who(), g.text)
	}
}

// who lists the names of a group.
func (g *group) who() string {
	if g.named == 0 {
		return ""
	}
	slices.Sort(g.names)
	var b strings.Builder
	b.WriteString(": ")
	for i, name := range g.names {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name)
	}
	if more := g.named - len(g.names); more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	if unnamed := g.count - g.named; unnamed > 0 {
		fmt.Fprintf(&b, "; %d without a name", unnamed)
	}
	return b.String()
}

// count says n things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// fiberLabel returns the value of the label "fiber" in a list of labels as the
// profile prints it: {"key":"value", "key":"value"}, or "".
func fiberLabel(labels string) string {
	rest := strings.TrimPrefix(labels, "{")
	for {
		key, after, ok := cutQuoted(rest)
		if !ok || !strings.HasPrefix(after, ":") {
			return ""
		}
		value, after, ok := cutQuoted(after[1:])
		if !ok {
			return ""
		}
		if key == "fiber" {
			return value
		}
		rest = strings.TrimPrefix(after, ", ")
	}
}

// cutQuoted cuts a quoted string off s.
func cutQuoted(s string) (value, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", s, false
	}
	value, err = strconv.Unquote(quoted)
	return value, s[len(quoted):], err == nil
}
