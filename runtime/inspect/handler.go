package inspect

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

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
}

// Handler returns a handler of GET and HEAD that shows the fibers of the given
// runtimes, or of all that are open at the time of the request.
//
// It serves two things. The page, at /debug/fibers, has the counters and fibers
// of each runtime; with ?format=json or a header Accept: application/json, as
// JSON. It takes the filters name (part of the name), state (runnable, waiting)
// and reason (part of the reason of the wait), sort (id, or wait for the
// longest wait first) and limit, the most fibers that are shown of each runtime,
// default 1000. The stacks, at /debug/fibers/stacks, are a text with the stacks
// of the fibers of all runtimes, grouped. They take name, which then selects
// among named fibers, and limit, the most groups.
//
// Handler may be mounted at "/", or at /debug/fibers with and without a final
// slash, also behind http.StripPrefix. It has no authentication and shows the
// names that the program gives to its fibers, the names of its functions and
// where its sources were. The page looks at every fiber but stops nobody; the
// stacks stop the program for an instant.
//
// Fibers show where they were spawned if their runtime's Watch was called.
func Handler(rts ...*fibers.Runtime) http.Handler {
	for _, rt := range rts {
		if rt == nil {
			panic("inspect: Handler(nil): give it a runtime, or none for all")
		}
	}
	return &handler{runtimes: append([]*fibers.Runtime{}, rts...), turn: make(chan struct{}, 1)}
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	contentType, body, err := func() (string, *bytes.Buffer, error) {
		defer func() { <-h.turn }()
		return render(r, q)
	}()
	if err != nil {
		http.Error(w, "inspect: "+err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
	if r.Method == http.MethodHead {
		return
	}
	_, _ = body.WriteTo(w) // the client may have gone
}

// page renders the page, or what it shows as JSON.
func (h *handler) page(r *http.Request, q query) (contentType string, body *bytes.Buffer, err error) {
	rts := h.runtimes
	if len(rts) == 0 {
		rts = fibers.Runtimes()
	}
	v := look(rts, q)
	body = new(bytes.Buffer)
	if q.Format == asJSON {
		e := json.NewEncoder(body)
		e.SetIndent("", "  ")
		return "application/json", body, e.Encode(v)
	}
	return "text/html; charset=utf-8", body, parsedPage().Execute(body, struct {
		view
		Query  query
		Stacks string // link
		JSON   string // link
	}{v, q, stacksLink(r), jsonLink(r)})
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

// stacksLink returns the way from the page to the stacks, relative to the path
// under which the client knows the page, so that it holds wherever the handler
// is mounted.
func stacksLink(r *http.Request) string {
	known := r.URL.Path
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		known = u.Path
	}
	link := "./stacks"
	if !strings.HasSuffix(known, "/") && known != "" {
		link = "./" + url.PathEscape(path.Base(known)) + "/stacks"
	}
	if name := r.URL.Query().Get("name"); name != "" {
		link += "?" + url.Values{"name": {name}}.Encode()
	}
	return link
}

// jsonLink returns the way from the page to the same as JSON.
func jsonLink(r *http.Request) string {
	values := r.URL.Query()
	values.Set("format", asJSON)
	return "?" + values.Encode()
}
