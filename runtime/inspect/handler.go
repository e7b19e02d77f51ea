package inspect

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Path is where the page stands when Start serves it, and where it is customary
// to mount Handler.
const Path = "/debug/fibers"

//go:embed page.html
var pageSource string

// parsedPage is made when first asked for.
var parsedPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageSource))
})

// A handler answers the requests for the page.
type handler struct {
	runtimes []*fibers.Runtime // none: all that are open
	// turn has room for the one request that is being answered: each looks at
	// all fibers, and many at once would hold many descriptions of them.
	turn chan struct{}
	// unsent is how many bytes of answers are made and not sent. Writers: any.
	unsent  stdatomic.Int64
	started time.Time // when it began to watch
	live    live
}

// mostUnsent bounds what slow readers make us hold; an answer larger than that is made if
// there is no other.
const mostUnsent = 48 << 20

// Handler returns a handler of GET and HEAD that shows the fibers of the given
// runtimes, or of all that are open at the time of the request. It watches, as
// fibers.Watch does, from now on, until it is garbage.
//
// It serves, below /debug/fibers:
//
//	(itself)   the page: what is unusual, groups of fibers, fibers, counters
//	/waits     who waits for whom: deadlocks, stuck fibers, contended locks
//	/tree      who spawned whom
//	/stacks    the stacks of the fibers of all runtimes, grouped, as text
//	/metrics   counters in the text form of OpenMetrics, or with ?format=text or a header
//	           Accept: text/plain in that of Prometheus
//	/trace     what happens in the next ?seconds=5, for ui.perfetto.dev
//	/block     where fibers have waited, for go tool pprof
//	/live      what is unusual and the groups, once a second, as server-sent events
//
// The page takes the filters name, site, func, reason (each a part of it), state
// (runnable, waiting, running, queued), parent and id; by, what groups are by (site,
// func, name, object, parent); sort (id, wait, age, func, site) and limit, the most
// fibers that are shown of each runtime, default 1000. The page, /waits and /tree are JSON
// with ?format=json or a header Accept: application/json; /waits a graph with ?format=dot.
// The stacks take name, which then selects among named fibers, and limit.
//
// Handler may be mounted at "/", or at /debug/fibers with and without a final
// slash, also behind http.StripPrefix. It has no authentication and shows the
// names that the program gives to its fibers, the names of its functions and
// where its sources were. It refuses requests that a page of another site has sent
// (Sec-Fetch-Site). It looks at every fiber but stops nobody; the stacks stop the
// program for an instant.
func Handler(rts ...*fibers.Runtime) http.Handler {
	for _, rt := range rts {
		if rt == nil {
			panic("inspect: Handler(nil): give it a runtime, or none for all")
		}
	}
	h := &handler{runtimes: append([]*fibers.Runtime{}, rts...), turn: make(chan struct{}, 1), started: time.Now()}
	goruntime.AddCleanup(h, func(stop func()) { stop() }, fibers.Watch())
	return h
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		http.Error(w, "inspect: this page does not answer to those of other sites; type its address", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "inspect: only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	switch strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, Path), "/") {
	case "":
		h.answer(w, r, pageParameters, h.page)
	case "/stacks":
		h.answer(w, r, stackParameters, h.stacks)
	case "/waits":
		h.answer(w, r, waitParameters, h.waits)
	case "/tree":
		h.answer(w, r, treeParameters, h.tree)
	case "/metrics":
		h.answer(w, r, waitParameters, h.metrics)
	case "/block":
		h.answer(w, r, noParameters, h.block)
	case "/trace":
		h.trace(w, r)
	case "/live":
		h.stream(w, r)
	default:
		http.NotFound(w, r)
	}
}

// answer sends what render makes of the request.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, known []string,
	render func(r *http.Request, q query) (contentType string, body *bytes.Buffer, err error)) {
	q, err := parseQuery(r, known)
	if err != nil {
		http.Error(w, "inspect: "+err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case h.turn <- struct{}{}:
	case <-r.Context().Done():
		return // nobody reads the answer
	}
	if h.unsent.Load() >= mostUnsent {
		<-h.turn
		http.Error(w, "inspect: too many answers are waiting to be read", http.StatusServiceUnavailable)
		return
	}
	contentType, body, err := func() (string, *bytes.Buffer, error) {
		defer func() { <-h.turn }()
		contentType, body, err := render(r, q)
		if err == nil {
			h.unsent.Add(int64(body.Len()))
		}
		return contentType, body, err
	}()
	switch {
	case r.Context().Err() != nil && err != nil:
		return // nobody reads the answer
	case errors.Is(err, errUnknown):
		http.Error(w, "inspect: "+err.Error(), http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, "inspect: "+err.Error(), http.StatusInternalServerError)
		return
	}
	size := int64(body.Len())
	defer func() { h.unsent.Add(-size) }()
	headers(w, contentType)
	if r.Method == http.MethodHead {
		return
	}
	for body.Len() > 0 {
		n, err := w.Write(body.Next(64 << 10))
		if err != nil {
			return // the client has gone
		}
		size -= int64(n)
		h.unsent.Add(-int64(n))
	}
}

// headers sets those that all answers have.
func headers(w http.ResponseWriter, contentType string) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; script-src '"+scriptHash()+"'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
}

// scriptHash names the script of the page to the browser. (Its tag is written in capitals,
// so that one in the name of a fiber, which must never come through, can be told from it.)
var scriptHash = sync.OnceValue(func() string {
	_, rest, _ := strings.Cut(pageSource, "<SCRIPT>")
	script, _, _ := strings.Cut(rest, "</SCRIPT>")
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
})

// errUnknown says that there is no such fiber.
var errUnknown = errors.New("no fiber of that number is alive")

// looked returns the runtimes to look at.
func (h *handler) looked() []*fibers.Runtime {
	if len(h.runtimes) > 0 {
		return h.runtimes
	}
	return fibers.Runtimes()
}

// gather gathers what q asks for, and what is unusual.
func (h *handler) gather(ctx context.Context, q query) (view, error) {
	rts := h.looked()
	v, err := look(ctx, rts, q)
	if err != nil || len(rts) == 0 {
		return v, err
	}
	sites := v.Groups
	if q.filters() || q.By != bySite {
		sites = nil
	}
	report := fibers.Examine(rts...)
	v.Verdicts = judge(&report, fibers.Sites(), sites, time.Since(h.started))
	return v, ctx.Err()
}

// page renders the page, or what it shows as JSON.
func (h *handler) page(r *http.Request, q query) (contentType string, body *bytes.Buffer, err error) {
	v, err := h.gather(r.Context(), q)
	if err != nil {
		return "", nil, err
	}
	if q.ID != 0 && !slices.ContainsFunc(v.Runtimes, func(rt runtimeView) bool { return rt.Matched > 0 }) {
		return "", nil, fmt.Errorf("fiber %d: %w", q.ID, errUnknown)
	}
	body = new(bytes.Buffer)
	if q.Format == asJSON {
		e := json.NewEncoder(body)
		e.SetIndent("", " ")
		return "application/json", body, e.Encode(v)
	}
	return "text/html; charset=utf-8", body, parsedPage().Execute(body, struct {
		view
		Query             query
		Link              func(view string) string
		With              func(key string, value any) string
		Groupings, States []string
	}{v, q, func(view string) string { return viewLink(r, view) }, func(key string, value any) string { return withLink(r, key, value) }, groupings, states})
}

// waits renders who waits for whom.
func (h *handler) waits(r *http.Request, q query) (contentType string, body *bytes.Buffer, err error) {
	report := fibers.Report{Time: time.Now()}
	if rts := h.looked(); len(rts) > 0 {
		report = fibers.Examine(rts...)
	}
	v := newWaitsView(&report)
	body = new(bytes.Buffer)
	switch q.Format {
	case asJSON:
		e := json.NewEncoder(body)
		e.SetIndent("", " ")
		return "application/json", body, e.Encode(v)
	case asDOT:
		v.dot(body)
		return "text/vnd.graphviz; charset=utf-8", body, nil
	case asText:
		fmt.Fprintln(body, v.Text)
		return "text/plain; charset=utf-8", body, nil
	}
	return "text/html; charset=utf-8", body, textPage(body, "waits", v.Text, r)
}

// tree renders who spawned whom.
func (h *handler) tree(r *http.Request, q query) (contentType string, body *bytes.Buffer, err error) {
	v, err := tree(r.Context(), h.looked())
	if err != nil {
		return "", nil, err
	}
	body = new(bytes.Buffer)
	if q.Format == asJSON {
		e := json.NewEncoder(body)
		e.SetIndent("", " ")
		return "application/json", body, e.Encode(v)
	}
	var text strings.Builder
	v.write(&text, q.Limit)
	if q.Format == asText {
		body.WriteString(text.String())
		return "text/plain; charset=utf-8", body, nil
	}
	return "text/html; charset=utf-8", body, textPage(body, "tree", text.String(), r)
}

// metrics renders the metrics.
func (h *handler) metrics(r *http.Request, q query) (contentType string, body *bytes.Buffer, err error) {
	body = new(bytes.Buffer)
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if q.Format == asText || strings.HasPrefix(accept, "text/plain") && !strings.Contains(accept, "openmetrics") {
		writeMetrics(body, h.looked(), true)
		return "text/plain; version=0.0.4; charset=utf-8", body, nil
	}
	writeMetrics(body, h.looked(), false)
	return "application/openmetrics-text; version=1.0.0; charset=utf-8", body, nil
}

// block renders the profile of waits.
func (h *handler) block(*http.Request, query) (contentType string, body *bytes.Buffer, err error) {
	body = new(bytes.Buffer)
	return "application/octet-stream", body, WriteBlockProfile(body)
}

// trace records and sends what was recorded.
func (h *handler) trace(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r, traceParameters)
	if err != nil {
		http.Error(w, "inspect: "+err.Error(), http.StatusBadRequest)
		return
	}
	d := time.Duration(q.Seconds * float64(time.Second))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d + time.Minute)) // where it can be set
	headers(w, "application/json")
	if r.Method == http.MethodHead {
		return
	}
	_ = recordFor(r.Context(), w, d, h.looked()) // the client may have gone
}

// stacks renders the stacks.
func (h *handler) stacks(_ *http.Request, q query) (contentType string, body *bytes.Buffer, err error) {
	s, err := readStacks(q.Name)
	if err != nil {
		return "", nil, err
	}
	body = new(bytes.Buffer)
	s.print(body, q)
	return "text/plain; charset=utf-8", body, nil
}

// viewLink returns the way from the page to another view, relative to the path
// under which the client knows the page, so that it holds wherever the handler
// is mounted.
func viewLink(r *http.Request, view string) string {
	known := r.URL.Path
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		known = u.Path
	}
	link := "./" + view
	if !strings.HasSuffix(known, "/") && known != "" {
		link = "./" + url.PathEscape(path.Base(known)) + "/" + view
	}
	if name := r.URL.Query().Get("name"); name != "" && view == "stacks" {
		link += "?" + url.Values{"name": {name}}.Encode()
	}
	return link
}

// withLink returns the way from the page to the same with another parameter.
func withLink(r *http.Request, key string, value any) string {
	values := r.URL.Query()
	if s := fmt.Sprint(value); s == "" {
		values.Del(key)
	} else {
		values.Set(key, s)
	}
	return "?" + values.Encode()
}
