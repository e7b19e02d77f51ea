package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// What docs/equivalents.md calls ours.
const equivalentsTable = "docs/equivalents.md"

var (
	// goName is a name of Go in a span of code, with what it is selected from.
	goName = regexp.MustCompile(`(?:([A-Za-z_]\w*)\.)?([A-Za-z_]\w*)`)
	// standard are packages of others that the tables speak of.
	standard = []string{"bufio", "context", "errors", "http", "io", "iter", "net", "os", "reflect", "runtime", "slog", "sync", "time", "unix"}
)

// exportedNames are what the packages for users export.
type exportedNames struct {
	tops    map[string]map[string]bool // by the name that the package is spoken of by
	members map[string]bool            // methods and fields
}

func (t *tree) exported() exportedNames {
	e := exportedNames{map[string]map[string]bool{}, map[string]bool{}}
	for _, f := range t.files {
		if f.test || !public(f.dir) {
			continue
		}
		spoken := path.Base(f.dir)
		if f.dir == "runtime" {
			spoken = "fibers"
		}
		if e.tops[spoken] == nil {
			e.tops[spoken] = map[string]bool{}
		}
		for _, d := range f.ast.Decls {
			e.add(d, e.tops[spoken])
		}
	}
	return e
}

// add adds what is exported of d: to tops, or to the members.
func (e exportedNames) add(d ast.Decl, tops map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			tops[d.Name.Name] = true
		} else {
			e.members[d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, name := range s.Names {
					tops[name.Name] = true
				}
			case *ast.TypeSpec:
				tops[s.Name.Name] = true
				ast.Inspect(s.Type, func(n ast.Node) bool {
					if f, ok := n.(*ast.Field); ok {
						for _, name := range f.Names {
							e.members[name.Name] = true
						}
					}
					return true
				})
			}
		}
	}
}

// lacks returns the names in a span of code that nobody exports. bare: also those without
// a package.
func (e exportedNames) lacks(code string, bare bool) (names []string) {
	for _, m := range goName.FindAllStringSubmatchIndex(code, -1) {
		if m[0] > 0 && code[m[0]-1] == '/' || m[1] < len(code) && code[m[1]] == '/' {
			continue // a path
		}
		from, name := "", code[m[4]:m[5]]
		if m[2] >= 0 {
			from = code[m[2]:m[3]]
		}
		switch tops := e.tops[from]; {
		case tops != nil:
			if !tops[name] {
				names = append(names, from+"."+name)
			}
		case !bare, !token.IsExported(name), len(name) == 1, slices.Contains(standard, from):
		case from != "":
			if !e.members[name] {
				names = append(names, from+"."+name)
			}
		case !e.members[name]:
			if !slices.ContainsFunc(slices.Collect(maps.Values(e.tops)), func(tops map[string]bool) bool { return tops[name] }) {
				names = append(names, name)
			}
		}
	}
	return names
}

// equivalentsExist: what the tables name in the columns headed "here" is exported by a package
// for users, as is whatever else the document names with its package, but for the columns before.
func equivalentsExist(t *tree) (found []string) {
	e := t.exported()
	here := -1 // the column; -1: none
	lines := strings.Split(t.text[equivalentsTable], "\n")
	for i, line := range lines {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, ""), "|")
		if strings.HasPrefix(line, "|") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|---") {
			here = slices.IndexFunc(cells, func(c string) bool { return strings.TrimSpace(c) == "here" })
		}
		if !strings.HasPrefix(line, "|") || here < 0 {
			here, cells = -1, []string{line} // prose
		} else if here < len(cells) {
			cells = cells[here:]
		}
		for c, cell := range cells {
			for _, code := range span.FindAllString(cell, -1) {
				for _, name := range e.lacks(code, here >= 0 && c == 0) {
					found = append(found, fmt.Sprintf("%s:%d: no package exports %s", equivalentsTable, i+1, name))
				}
			}
		}
	}
	return found
}

var badEquivalents = map[string]sources{
	"a function":  {equivalentsTable: "| Go | here |\n|---|---|\n| `go` | `fibers.Spawn(f)` |\n", "runtime/a.go": "package runtime\nfunc Go() {}"},
	"a remark":    {equivalentsTable: "| Go | here | remark |\n|---|---|---|\n| `go` | | `fibers.Spawn(f)` |\n", "runtime/a.go": "package runtime\nfunc Go() {}"},
	"a method":    {equivalentsTable: "| Go | here |\n|---|---|\n| `g` | `g.Go(f)`, `Wait` |\n", "cml/a.go": "package cml\ntype T int\nfunc (T) Go() {}"},
	"not for all": {equivalentsTable: "| CML | here |\n|---|---|\n| `sync` | `Perform(op)` |\n", "internal/a/a.go": "package a\nfunc Perform() {}"},
	"a test's":    {equivalentsTable: "| CML | here |\n|---|---|\n| `sync` | `Perform(op)` |\n", "cml/a_test.go": "package cml\nfunc Perform() {}"},
}

var goodEquivalents = sources{
	equivalentsTable: "`Nothing`\n\n| `Gone` | here |\n|---|---|\n| `Other`, `fibers.perform` | `fibers.Go(f)`, `cml.NewOp[T](try)`, `runtime.Goexit()`, `runtime/inspect`, `q.Put(v)`, `Op.Put`, `Err` |\n",
	"runtime/a.go":   "package runtime\nfunc Go() {}",
	"cml/a.go":       "package cml\ntype Op interface{ Put() }\nfunc NewOp() {}\ntype R struct{ Err error }\n",
}
