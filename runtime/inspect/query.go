package inspect

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	fibers "github.com/seed222ee791/fibers/runtime"
)

const (
	defaultLimit = 1000
	maxLimit     = 100_000
)

// A query is what a request asks for.
type query struct {
	Name   string // part of the name; "" for any
	State  string // "" for any
	Reason string // part of the reason of the wait; "" for any
	Sort   string // byID or byWait
	Limit  int    // rows a runtime, or groups of stacks
	Format string // asHTML, asJSON
}

const (
	byID, byWait   = "id", "wait"
	asHTML, asJSON = "html", "json"
)

// The parameters of the two pages.
var (
	pageParameters  = []string{"name", "state", "reason", "sort", "limit", "format"}
	stackParameters = []string{"name", "limit"}
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
	if q.State != "" && q.State != fibers.Runnable.String() && q.State != fibers.Waiting.String() {
		return q, fmt.Errorf("state %q: there are %v and %v", q.State, fibers.Runnable, fibers.Waiting)
	}
	if q.Sort != byID && q.Sort != byWait {
		return q, fmt.Errorf("sort %q: there are %s and %s", q.Sort, byID, byWait)
	}
	if q.Format != asHTML && q.Format != asJSON {
		return q, fmt.Errorf("format %q: there are %s and %s", q.Format, asHTML, asJSON)
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

// matches reports whether q asks for this fiber.
func (q *query) matches(i *fibers.FiberInfo) bool {
	return (q.State == "" || i.State.String() == q.State) &&
		strings.Contains(i.Name, q.Name) &&
		strings.Contains(i.Reason, q.Reason)
}

// sort puts fibers, which are sorted by ID, in the order that q asks for.
func (q *query) sort(infos []fibers.FiberInfo) {
	if q.Sort == byWait {
		slices.SortStableFunc(infos, func(a, b fibers.FiberInfo) int { return cmp.Compare(b.For, a.For) })
	}
}
