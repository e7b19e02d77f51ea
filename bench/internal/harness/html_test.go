package harness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A report that is not finished leaves the one before alone.
func TestReportTakesItsPlaceAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report.html")
	if err := os.WriteFile(name, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := NewPage(name)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(name); string(text) != "before" {
		t.Errorf("the report before has become %q", text)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 { // a second Ctrl-C would leave them
		t.Errorf("%d files are there while it runs", len(all))
	}
	if err := p.Finish(&Report{Interrupted: true}); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(name); !strings.Contains(string(text), "The run was interrupted") {
		t.Errorf("the report is\n%s", text)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("%d files are left", len(all))
	}
	if _, err := NewPage(dir); err == nil {
		t.Error("a report may take the place of a directory")
	}
}
