package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// A tag, as in "// D1: Pop against Steal.", begins a line; the argument follows it, indented. In go
// doc no tag is wanted, be it argued there or cited.
var (
	tagArgued = regexp.MustCompile(`(?m)^([A-Z][0-9]{1,2}): .*\n(?:\S.*\n)*(?:\n\t| {2,}|\t)`)
	tagCited  = regexp.MustCompile(`(?:^|[\s(:])([A-Z][0-9]{1,2})(?:[\s.,;:)]|$)`)
)

// uniqueTags: a tag is argued at one place of a package.
func uniqueTags(t *tree) (found []string) {
	type tag struct{ dir, name string }
	first := map[tag]token.Position{}
	for _, f := range t.files {
		if f.test {
			continue
		}
		for _, group := range f.ast.Comments {
			for _, m := range tagArgued.FindAllStringSubmatch(group.Text(), -1) {
				k, at := tag{f.dir, m[1]}, t.fset.Position(group.Pos())
				if before, ok := first[k]; ok {
					found = append(found, fmt.Sprintf("%s: %s is argued at %s too: a tag is unique in its package", at, m[1], before))
				} else {
					first[k] = at
				}
			}
		}
	}
	return found
}

// privateTags: what go doc shows has no tags: the documentation of packages and of what they export.
func privateTags(t *tree) (found []string) {
	for _, f := range t.files {
		if f.test || f.ast.Name.Name == "main" || strings.HasPrefix(f.dir, "internal/") {
			continue
		}
		for _, doc := range shown(f.ast) {
			if m := tagCited.FindStringSubmatch(doc.Text()); m != nil {
				found = append(found, fmt.Sprintf("%s: go doc shows the tag %s: argue it in another comment", t.fset.Position(doc.Pos()), m[1]))
			}
		}
	}
	return found
}

// shown returns the comments of f that go doc shows.
func shown(f *ast.File) (docs []*ast.CommentGroup) {
	add := func(exported bool, groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if exported && g != nil {
				docs = append(docs, g)
			}
		}
	}
	fields := func(list *ast.FieldList) {
		for _, fd := range list.List {
			exported := false
			for _, n := range fd.Names {
				exported = exported || n.IsExported()
			}
			add(exported, fd.Doc, fd.Comment)
		}
	}
	add(true, f.Doc)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiverName(d))), d.Doc)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					add(spec.Name.IsExported(), d.Doc, spec.Doc, spec.Comment)
					if !spec.Name.IsExported() {
						break
					}
					switch x := spec.Type.(type) {
					case *ast.StructType:
						fields(x.Fields)
					case *ast.InterfaceType:
						fields(x.Methods)
					}
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						add(n.IsExported(), d.Doc, spec.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return docs
}

// receiverName returns the name of the type of which fn is a method.
func receiverName(fn *ast.FuncDecl) (name string) {
	ast.Inspect(fn.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

var (
	badTags = map[string]sources{
		"two in one file": {"a/a.go": "package a\n\n// A1: one against another.\n//\n//\tFirst.\n//\n// A1: a third.\n//\n//\tSecond.\n"},
		"two files":       {"a/a.go": "package a\n\n// A1: one.\n//\n//\tSo.\n", "a/b.go": "package a\n\ntype t struct {\n\t// A1: another,\n\t// or not.\n\t//     So.\n\tn int\n}\n"},
	}
	goodTags = sources{
		"a/a.go":      "package a\n\n// A1: one, after A2.\n//\n//\tSo.\n//\n// A2: another. See A1.\n//\n//\tSo.\n\n// By A1 and A2.\nvar n int // A1: cited\n",
		"b/b.go":      "package b\n\n// A1: of another package.\n//\n//\tSo.\n",
		"a/a_test.go": "package a\n\n// A1: as it is argued in a.go.\n",
	}

	badPrivate = map[string]sources{
		"package":                {"a/a.go": "// Package a is. (A1)\npackage a\n"},
		"function":               {"a/a.go": "package a\n\n// F is so by A1.\nfunc F() {}\n"},
		"method":                 {"a/a.go": "package a\n\n// A T is.\ntype T[A any] struct{}\n\n// M is.\n//\n// A1: why.\nfunc (t *T[A]) M() {}\n"},
		"type in a group":        {"a/a.go": "package a\n\ntype (\n\t// T is: A1.\n\tT int\n)\n"},
		"field":                  {"a/a.go": "package a\n\n// T is.\ntype T struct {\n\tN int // A1\n}\n"},
		"method of an interface": {"a/a.go": "package a\n\n// T is.\ntype T interface {\n\t// M is: A1.\n\tM()\n}\n"},
		"variable":               {"a/a.go": "package a\n\n// V is, by A12.\nvar V int\n"},
	}
	goodPrivate = sources{
		"a/a.go":          "package a\n\n// A1: one against another.\n\n// F has nothing; UTF8, x86 and SHA1 are no tags.\nfunc F() {\n\t// A1\n}\n\n// f is so by A1.\nfunc f() {}\n\n// T is.\ntype T struct {\n\tn int // A1\n}\n\ntype t struct{}\n\n// M is so by A1.\nfunc (t) M() {}\n",
		"a/main.go":       "package a\n",
		"internal/a/a.go": "package a\n\n// F is so by A1.\nfunc F() {}\n",
		"x/main.go":       "// Command x is: A1.\npackage main\n",
		"a/a_test.go":     "package a\n\n// TestF is of A1.\nfunc TestF() {}\n",
	}
)
