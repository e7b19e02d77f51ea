package archtest

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// machinePath matches directories of the machines that the module is worked on.
// It is put together so that it does not match itself.
var machinePath = regexp.MustCompile(`/wo` + `rk/|/tm` + `p/bash|/fa` + `rm/|/ro` + `ot/`)

// machinePaths: no file mentions such a directory.
func machinePaths(t *tree) (found []string) {
	for _, name := range t.paths() {
		for i, line := range strings.Split(t.text[name], "\n") {
			if m := machinePath.FindString(line); m != "" {
				found = append(found, fmt.Sprintf("%s:%d: mentions %s, a directory of some machine", name, i+1, m))
			}
		}
	}
	return found
}

var (
	document = regexp.MustCompile(`\bdocs/[\w./-]*\.md(#[\w-]+)?`)
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenced   = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```")
	span     = regexp.MustCompile("`[^`\n]*`") // code in a line, which has no links
	heading  = regexp.MustCompile(`(?m)^#+\s+(.*?)\s*$`)
)

// documentsExist: a document that a Go comment, an assembly file, a model or
// another document names as docs/….md is there, and has the heading after #; so is
// whatever a document links to.
func documentsExist(t *tree) (found []string) {
	check := func(where, target string) {
		name, anchor, _ := strings.Cut(target, "#")
		switch {
		case !t.exists(name) && !t.isDir(name):
			found = append(found, fmt.Sprintf("%s: %s does not exist", where, name))
		case anchor != "" && !anchors(t.text[path.Clean(name)])[anchor]:
			found = append(found, fmt.Sprintf("%s: %s has no heading #%s", where, name, anchor))
		}
	}
	for _, f := range t.files {
		for _, group := range f.ast.Comments {
			for _, target := range document.FindAllString(group.Text(), -1) {
				check(t.fset.Position(group.Pos()).String(), target)
			}
		}
	}
	for _, name := range t.paths() {
		switch path.Ext(name) {
		case ".s", ".pml":
			for _, target := range document.FindAllString(t.text[name], -1) {
				check(name, target)
			}
		case ".md":
			// Links count from where the document stands, other mentions from the root.
			prose := fenced.ReplaceAllString(t.text[name], "")
			for _, m := range link.FindAllStringSubmatch(span.ReplaceAllString(prose, ""), -1) {
				if target := m[1]; strings.HasPrefix(target, "#") {
					check(name, name+target)
				} else if !strings.Contains(target, ":") {
					check(name, path.Join(path.Dir(name), target))
				}
			}
			for _, target := range document.FindAllString(link.ReplaceAllString(prose, ""), -1) {
				check(name, target)
			}
		}
	}
	return found
}

// isDir reports whether the tree has a text file below name.
func (t *tree) isDir(name string) bool {
	name = path.Clean(name)
	for other := range t.text {
		if name == "." || strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

// anchors returns the anchors that the headings of a document have: lower case,
// blanks become hyphens, other signs go.
func anchors(markdown string) map[string]bool {
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(markdown, ""), -1) {
		all[strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, m[1])] = true
	}
	return all
}

var (
	badPaths = map[string]sources{
		"a comment":  {"cml/a.go": "package cml // see /wo" + "rk/notes"},
		"a script":   {"x.sh": "cd /tm" + "p/bash_jobs"},
		"a document": {"README.md": "built in /ro" + "ot/go"},
	}
	goodPaths = sources{
		"cml/a.go":  "package cml // homework/notes, /tmp/other, chroot",
		"README.md": "network/poll",
	}

	badDocuments = map[string]sources{
		"a comment":           {"cml/a.go": "// Package cml: see docs/design/0001-ops.md.\npackage cml"},
		"a comment's heading": {"cml/a.go": "// Package cml: see docs/a.md#two.\npackage cml", "docs/a.md": "# One\n"},
		"a document":          {"README.md": "See docs/a.md."},
		"a link":              {"docs/a.md": "See [b](design/b.md).", "design/b.md": ""},
		"a link within":       {"docs/a.md": "# One\nSee [two](#two)."},
		"a model":             {"docs/models/a.pml": "// docs/a.md"},
		"a link from code":    {"docs/a.md": "[`b`](b.md)"},
		"a heading in code":   {"docs/a.md": "[x](#no)\n```sh\n# no\n```\n"},
	}
	goodDocuments = sources{
		"cml/a.go":                "// Package cml: see docs/a.md#one-or-two and docs/design/0001-ops.md.\npackage cml\nconst s = `docs/none.md`",
		"docs/a.md":               "# One, or two\n[o](design/0001-ops.md) [w](https://example.org/docs/x.md) [m](#one-or-two)\n```go\na[i](x) // docs/none.md\n```\n",
		"docs/design/0001-ops.md": "[up](../a.md#one-or-two) [dir](../design)",
		"README.md":               "docs/a.md, [a](docs/a.md), `New[T](n)`",
	}
)
