package archtest

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

var recordHead = regexp.MustCompile(`^# (\d+)\. \S.*\n\nStatus: accepted\.`)

// records: a record of a decision, in docs/design, begins with its number, its title and its status.
func records(t *tree) (found []string) {
	for _, name := range t.paths() {
		if path.Dir(name) != "docs/design" || path.Ext(name) != ".md" {
			continue
		}
		number, _, _ := strings.Cut(path.Base(name), "-")
		n, err := strconv.Atoi(number)
		head := recordHead.FindStringSubmatch(t.text[name])
		if err != nil || len(number) != 4 || head == nil || head[1] != strconv.Itoa(n) {
			found = append(found, fmt.Sprintf("%s: it does not begin with its number and title as \"# 7. Timers\", and \"Status: accepted.\"", name))
		}
	}
	return found
}

var badRecords = map[string]sources{
	"another form":   {"docs/design/0006-a.md": "# 0006: a\n\nStatus: accepted.\n"},
	"another number": {"docs/design/0006-a.md": "# 7. A\n\nStatus: accepted.\n"},
	"another status": {"docs/design/0006-a.md": "# 6. A\n\nStatus: in use.\n"},
	"no number":      {"docs/design/a.md": "# 6. A\n\nStatus: accepted.\n"},
}

var goodRecords = sources{"docs/design/0016-a.md": "# 16. A\n\nStatus: accepted. It replaces b.\n\n## Context\n", "docs/a.md": "# A\n"}
