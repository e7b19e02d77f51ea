package inspect

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

const (
	defaultLimit = 1000
	maxLimit     = 100_000
)

// A query is what a request asks for.
type query struct {
	Name    string  // part of the name; "" for any
	State   string  // "" for any; of FiberInfo.State or Doing
	Reason  string  // part of the reason of the wait; "" for any
	Site    string  // part of the spawn site; "" for any
	Func    string  // part of the function; "" for any
	Sort    string  // byID, byWait, byAge, byFunc or bySite
	By      string  // what groups are by
	ID      uint64  // of the one fiber; 0: all
	Parent  uint64  // of their parent; 0: all
	Seconds float64 // of a trace
	Limit   int     // rows a runtime, or groups of stacks
	Format  string  // asHTML, asJSON
}

const (
	byID, byWait, byAge    = "id", "wait", "age"
	byName, byFunc, bySite = "name", "func", "site"
	byObject, byParent     = "object", "parent"
	asHTML, asJSON, asDOT  = "html", "json", "dot"
	asText                 = "text"
	maxSeconds             = 60
)

// The parameters of the two pages.
var (
	pageParameters  = []string{"name", "state", "reason", "site", "func", "parent", "sort", "by", "id", "limit", "format"}
	waitParameters  = []string{"format"}
	treeParameters  = []string{"format", "limit"}
	traceParameters = []string{"seconds"}
	noParameters    = []string{}
	stackParameters = []string{"name", "limit"}
	sorts           = []string{byID, byWait, byAge, byFunc, bySite}
	groupings       = []string{bySite, byFunc, byName, byObject, byParent}
	states          = []string{"runnable", "waiting", "running", "queued"}
)

// parseQuery reads the parameters of r, of which those in known are allowed.
func parseQuery(r *http.Request, known []string) (q query, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, fmt.Errorf("the query cannot be read: %w", err)
	}
	for key, vs := range values {
		if !slices.Contains(known, key) {
			return q, fmt.Errorf("unknown parameter %q: there are %s", key, strings.Join(known, ", "))
		}
		if len(vs) > 1 {
			return q, fmt.Errorf("parameter %q is given %d times", key, len(vs))
		}
	}
	q = query{
		Name:   values.Get("name"),
		State:  values.Get("state"),
		Reason: values.Get("reason"),
		Sort:   cmp.Or(values.Get("sort"), byID),
		Limit:  defaultLimit,
		Format: values.Get("format"),
	}
	if q.Format == "" {
		q.Format = preferred(r)
	}
	q.Site, q.Func = values.Get("site"), values.Get("func")
	q.By = cmp.Or(values.Get("by"), bySite)
	if q.State != "" && !slices.Contains(states, q.State) {
		return q, fmt.Errorf("state %q: there are %s", q.State, strings.Join(states, ", "))
	}
	if !slices.Contains(sorts, q.Sort) {
		return q, fmt.Errorf("sort %q: there are %s", q.Sort, strings.Join(sorts, ", "))
	}
	if !slices.Contains(groupings, q.By) {
		return q, fmt.Errorf("by %q: there are %s", q.By, strings.Join(groupings, ", "))
	}
	if formats := []string{asHTML, asJSON, asDOT, asText}; !slices.Contains(formats, q.Format) {
		return q, fmt.Errorf("format %q: there are %s", q.Format, strings.Join(formats, ", "))
	}
	for _, p := range []struct {
		name string
		to   *uint64
	}{{"id", &q.ID}, {"parent", &q.Parent}} {
		if s := values.Get(p.name); s != "" {
			if *p.to, err = strconv.ParseUint(s, 10, 64); err != nil || *p.to == 0 {
				return q, fmt.Errorf("%s %q: it is the number of a fiber, from 1 on", p.name, s)
			}
		}
	}
	q.Seconds = 5
	if s := values.Get("seconds"); s != "" {
		if q.Seconds, err = strconv.ParseFloat(s, 64); err != nil || !(q.Seconds > 0 && q.Seconds <= maxSeconds) {
			return q, fmt.Errorf("seconds %q: allowed is more than 0, and at most %d", s, maxSeconds)
		}
	}
	if s := values.Get("limit"); s != "" {
		if q.Limit, err = strconv.Atoi(s); err != nil || q.Limit < 0 || q.Limit > maxLimit {
			return q, fmt.Errorf("limit %q: allowed are 0 to %d", s, maxLimit)
		}
	}
	return q, nil
}

// preferred returns the format that the client names in its Accept header. One
// that takes HTML too is a browser.
func preferred(r *http.Request) string {
	format := asHTML
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "text/html":
			return asHTML
		case "application/json":
			format = asJSON
		}
	}
	return format
}

// filters reports whether q leaves any fibers out.
func (q *query) filters() bool {
	return q.State != "" || q.ID != 0 || q.Parent != 0 || q.Name != "" || q.Reason != "" || q.Site != "" || q.Func != ""
}

// matches reports whether q asks for this fiber.
func (q *query) matches(i *fibers.FiberInfo) bool {
	return (q.State == "" || i.State.String() == q.State || i.Doing() == q.State) &&
		(q.ID == 0 || i.ID == q.ID) && (q.Parent == 0 || i.Parent == q.Parent) &&
		strings.Contains(i.Name, q.Name) &&
		strings.Contains(i.Reason, q.Reason) &&
		strings.Contains(i.Site, q.Site) && strings.Contains(i.Func, q.Func)
}

// before reports whether a comes before b in the order that q asks for.
func (q *query) before(a, b *fibers.FiberInfo) bool {
	c := 0
	switch q.Sort {
	case byWait:
		c = cmp.Compare(waited(b), waited(a))
	case byAge:
		c = cmp.Compare(b.Age, a.Age)
	case byFunc:
		c = cmp.Compare(a.Func, b.Func)
	case bySite:
		c = cmp.Compare(a.Site, b.Site)
	}
	return cmp.Or(c, cmp.Compare(a.ID, b.ID)) < 0
}

// waited returns how long a fiber has waited.
func waited(i *fibers.FiberInfo) time.Duration {
	if i.State != fibers.Waiting {
		return 0
	}
	return i.For
}
