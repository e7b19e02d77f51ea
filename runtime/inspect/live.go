package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"sync"
	"time"
)

// The stream: what is unusual and the groups, once a second, for as long as somebody
// looks. All who look share one look at the fibers, and where that takes long it is
// made less often, so that it takes a twentieth of the time at most.

const (
	liveEvery   = time.Second
	mostStreams = 16
	liveGroups  = 30
	liveShare   = 20
)

type live struct {
	sync.Mutex
	streams int
	made    time.Time
	cost    time.Duration
	data    []byte
	err     error
}

// A liveView is one event of the stream.
type liveView struct {
	Time     time.Time   `json:"time"`
	Total    int         `json:"total"`
	Verdicts []verdict   `json:"verdicts"`
	Groups   []liveGroup `json:"groups"`
}

type liveGroup struct {
	Key   string `json:"key"`
	Count int    `json:"count"`
	Why   string `json:"why"`
	Since string `json:"since"`
	Rate  string `json:"rate"`
	Spark string `json:"spark"`
}

// stream serves the stream.
func (h *handler) stream(w http.ResponseWriter, r *http.Request) {
	if _, err := parseQuery(r, noParameters); err != nil {
		http.Error(w, "inspect: "+err.Error(), http.StatusBadRequest)
		return
	}
	l := &h.live
	l.Lock()
	full := l.streams >= mostStreams
	if !full {
		l.streams++
	}
	l.Unlock()
	if full {
		http.Error(w, "inspect: too many are looking", http.StatusServiceUnavailable)
		return
	}
	defer func() {
		l.Lock()
		l.streams--
		l.Unlock()
	}()
	headers(w, "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	c := http.NewResponseController(w)
	for {
		data, next, err := h.now(r.Context())
		if err != nil {
			return
		}
		_ = c.SetWriteDeadline(time.Now().Add(30 * time.Second)) // where it can be set
		if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil || c.Flush() != nil {
			return
		}
		t := time.NewTimer(next)
		select {
		case <-r.Context().Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// now returns the event of this second, and when to come back.
func (h *handler) now(ctx context.Context) (data []byte, next time.Duration, err error) {
	l := &h.live
	l.Lock()
	defer l.Unlock()
	every := max(liveEvery, liveShare*l.cost)
	if age := time.Since(l.made); age < every-50*time.Millisecond && l.err == nil {
		return l.data, max(every-age, 100*time.Millisecond), nil
	}
	begin := time.Now()
	v, err := h.gather(ctx, query{By: bySite})
	if err != nil {
		return nil, 0, err
	}
	e := liveView{Time: v.Time, Verdicts: v.Verdicts, Groups: []liveGroup{}}
	for _, rt := range v.Runtimes {
		e.Total += rt.Total
	}
	for i, g := range v.Groups {
		if i == liveGroups {
			break
		}
		e.Groups = append(e.Groups, liveGroup{g.Key, g.Count, g.Why(), g.Since(), g.Rate(), g.Spark()})
	}
	l.data, l.err = json.Marshal(e)
	l.made, l.cost = time.Now(), time.Since(begin)
	return l.data, max(liveEvery, liveShare*l.cost), l.err
}

// textPage renders a text as a page.
func textPage(w io.Writer, title, text string, r *http.Request) error {
	return parsedText().Execute(w, struct{ Title, Text, Back string }{title, text, back(r)})
}

// back returns the way from a view to the page.
func back(r *http.Request) string {
	if len(r.URL.Path) > 0 && r.URL.Path[len(r.URL.Path)-1] == '/' {
		return ".."
	}
	return "../fibers"
}

var parsedText = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("text").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>fibers: {{.Title}}</title>
<style>:root{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;margin:1rem}pre{font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}</style>
</head><body><div><a href="{{.Back}}">fibers</a> · {{.Title}} · <a href="?format=json">JSON</a></div><pre>{{.Text}}</pre></body></html>
`))
})
