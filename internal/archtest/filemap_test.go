package archtest

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// mapped are the packages whose doc.go says what is in which file.
var mapped = []string{"runtime"}

// fileMap: each file of such a package stands in its doc.go, and each that stands there is
// there. A file for other systems stands for itself.
func fileMap(t *tree) (found []string) {
	named := regexp.MustCompile(`\b[a-z][a-z_0-9]*\.go\b`)
	for _, dir := range mapped {
		doc := path.Join(dir, "doc.go")
		text, there := t.text[doc]
		if !there {
			continue
		}
		names := make(map[string]bool)
		for _, name := range named.FindAllString(text, -1) {
			names[name] = true
			if _, there := t.text[path.Join(dir, name)]; !there {
				found = append(found, fmt.Sprintf("%s: names %s, which is not there", doc, name))
			}
		}
		for _, name := range t.paths() {
			base := path.Base(name)
			if path.Dir(name) != dir || path.Ext(name) != ".go" || base == "doc.go" || strings.HasSuffix(base, "_test.go") ||
				strings.HasSuffix(base, "_other.go") {
				continue
			}
			if !names[base] {
				found = append(found, fmt.Sprintf("%s: does not say what is in %s", doc, base))
			}
		}
	}
	return found
}

var badFileMap = map[string]sources{
	"a file that is not named": {"runtime/doc.go": "// a.go is a\npackage runtime", "runtime/a.go": "package runtime", "runtime/b.go": "package runtime"},
	"a name without a file":    {"runtime/doc.go": "// a.go, b.go\npackage runtime", "runtime/a.go": "package runtime"},
}

var goodFileMap = sources{"runtime/doc.go": "// a.go, b_linux.go\npackage runtime", "runtime/a.go": "package runtime",
	"runtime/b_linux.go": "package runtime", "runtime/b_other.go": "package runtime", "runtime/a_test.go": "package runtime"}
