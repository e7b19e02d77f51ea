package archtest

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// imported returns the import of path in f, and the name that it goes by there.
func imported(f *file, path string) (spec *ast.ImportSpec, name string) {
	for _, spec := range f.ast.Imports {
		if got, err := strconv.Unquote(spec.Path.Value); err == nil && got == path {
			if spec.Name != nil {
				return spec, spec.Name.Name
			}
			return spec, path[strings.LastIndexByte(path, '/')+1:]
		}
	}
	return nil, ""
}

var sleepReason = regexp.MustCompile(`^//\s*sleep:\s*\S`)

// noSleepInTests: time.Sleep in a test orders nothing. Where it is there for
// another purpose, a comment on its line says which: "// sleep: reason".
func noSleepInTests(t *tree) (found []string) {
	for _, f := range t.files {
		spec, name := imported(f, "time")
		if !f.test || spec == nil {
			continue
		}
		excused := map[int]bool{}
		for _, group := range f.ast.Comments {
			for _, c := range group.List {
				if sleepReason.MatchString(c.Text) {
					excused[t.fset.Position(c.Pos()).Line] = true
				}
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Sleep" {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && !excused[t.fset.Position(sel.Pos()).Line] {
				found = append(found, t.at(sel, "time.Sleep in a test without a // sleep: reason"))
			}
			return true
		})
	}
	return found
}

// goRuntimeName: in package runtime and below, the standard package of that name
// is called goruntime.
func goRuntimeName(t *tree) (found []string) {
	for _, f := range t.files {
		if top, _, _ := strings.Cut(f.dir, "/"); top != "runtime" {
			continue
		}
		if spec, name := imported(f, "runtime"); spec != nil && name != "goruntime" {
			found = append(found, t.at(spec, "the standard package runtime is called %s here, not goruntime", name))
		}
	}
	return found
}

// rawAtomics: typed atomics come from go.uber.org/atomic; who needs sync/atomic
// says why on the line of the import.
func rawAtomics(t *tree) (found []string) {
	for _, f := range t.files {
		if spec, _ := imported(f, "sync/atomic"); spec != nil && spec.Comment == nil {
			found = append(found, t.at(spec, "sync/atomic is imported without a word why"))
		}
	}
	return found
}

// wideAtomics: the 64-bit types of go.uber.org/atomic are not aligned on 32-bit systems,
// where the first access then panics. Outside of tests, what may lie in a structure is
// of sync/atomic; a variable of its own is aligned.
func wideAtomics(t *tree) (found []string) {
	for _, f := range t.files {
		spec, name := imported(f, "go.uber.org/atomic")
		if f.test || spec == nil {
			continue
		}
		look := func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && slices.Contains([]string{"Int64", "Uint64", "Float64", "Duration", "Time"}, sel.Sel.Name) {
					found = append(found, t.at(sel, "%s.%s is not aligned on 32-bit systems: take that of sync/atomic", name, sel.Sel.Name))
				}
			}
			return true
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				ast.Inspect(n, look)
				return false
			case *ast.StructType:
				ast.Inspect(n, look)
				return false
			}
			return true
		})
	}
	return found
}

// receiver returns the name of the type that fn is a method of, "" for a function.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) != 1 {
		return ""
	}
	expr := fn.Recv.List[0].Type
	for {
		switch x := expr.(type) {
		case *ast.StarExpr:
			expr = x.X
		case *ast.ParenExpr:
			expr = x.X
		case *ast.IndexExpr:
			expr = x.X
		case *ast.IndexListExpr:
			expr = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// exported reports whether users can name fn.
func exported(fn *ast.FuncDecl) bool {
	return fn.Name.IsExported() && (fn.Recv == nil || ast.IsExported(receiver(fn)))
}

// documented reports whether one of the comments says something; a directive
// alone does not.
func documented(comments ...*ast.CommentGroup) bool {
	for _, c := range comments {
		if strings.TrimSpace(c.Text()) != "" {
			return true
		}
	}
	return false
}

// docComments: exported functions, methods and types of public packages have a
// doc comment, and each such package has one.
func docComments(t *tree) (found []string) {
	packages, described := map[string]*file{}, map[string]bool{}
	for _, f := range t.files {
		if f.test || !public(f.dir) || f.ast.Name.Name == "main" {
			continue
		}
		packages[f.dir] = f
		if documented(f.ast.Doc) {
			described[f.dir] = true
		}
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if exported(d) && !documented(d.Doc) {
					found = append(found, t.at(d, "%s has no doc comment", d.Name.Name))
				}
			case *ast.GenDecl:
				if d.Tok != token.TYPE {
					continue
				}
				for _, s := range d.Specs {
					spec := s.(*ast.TypeSpec)
					if spec.Name.IsExported() && !documented(spec.Doc) && (d.Lparen.IsValid() || !documented(d.Doc)) {
						found = append(found, t.at(spec, "%s has no doc comment", spec.Name.Name))
					}
				}
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		if !described[dir] {
			found = append(found, t.at(packages[dir].ast, "package in %s has no doc comment", dir))
		}
	}
	return found
}

const longest = 400

// longer are files that have more lines, and how many they may have. No new ones.
var longer = map[string]int{
	"cml/multicast_bounded.go":     420,
	"internal/simsched/explore.go": 450,
	"poll/writer.go":               420,
	"runtime/sim/conn.go":          425,
}

// fileLength: one idea a file.
func fileLength(t *tree) (found []string) {
	for _, f := range t.files {
		most := max(longest, longer[f.path])
		if lines := strings.Count(t.text[f.path], "\n"); !f.test && lines > most {
			found = append(found, t.at(f.ast, "%d lines, more than %d", lines, most))
		}
	}
	return found
}

// panicPrefix: a panic for misuse names the package first. The engine is spoken
// of as fibers.
func panicPrefix(t *tree) (found []string) {
	for _, f := range t.files {
		if f.test || program(f.dir) || f.ast.Name.Name == "main" {
			continue
		}
		prefix := f.ast.Name.Name + ":"
		if f.dir == "runtime" {
			prefix = "fibers:"
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if fn, ok := call.Fun.(*ast.Ident); !ok || fn.Name != "panic" {
				return true
			}
			if msg, ok := message(call.Args[0]); ok && !strings.HasPrefix(msg, prefix) {
				found = append(found, t.at(call, "panic(%q) does not begin with %q", msg, prefix))
			}
			return true
		})
	}
	return found
}

// message returns the literal that the message of a panic begins with: of a
// string, a concatenation, or a call such as fmt.Sprintf, fmt.Errorf, errors.New.
func message(expr ast.Expr) (string, bool) {
	switch x := expr.(type) {
	case *ast.BasicLit:
		if x.Kind == token.STRING {
			s, err := strconv.Unquote(x.Value)
			return s, err == nil
		}
	case *ast.ParenExpr:
		return message(x.X)
	case *ast.BinaryExpr:
		return message(x.X)
	case *ast.CallExpr:
		sel, ok := x.Fun.(*ast.SelectorExpr)
		if !ok || len(x.Args) == 0 {
			return "", false
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && (pkg.Name == "fmt" || pkg.Name == "errors") {
			return message(x.Args[0])
		}
	}
	return "", false
}

var (
	badSleep = map[string]sources{
		"a call":             {"cml/a_test.go": "package cml\nimport \"time\"\nfunc f() { time.Sleep(1) }"},
		"by another name":    {"cml/a_test.go": "package cml\nimport t \"time\"\nfunc f() { t.Sleep(1) }"},
		"as a value":         {"cml/a_test.go": "package cml\nimport \"time\"\nvar wait = time.Sleep"},
		"reason left out":    {"cml/a_test.go": "package cml\nimport \"time\"\nfunc f() {\n\ttime.Sleep(1) // sleep:\n}"},
		"reason a line away": {"cml/a_test.go": "package cml\nimport \"time\"\nfunc f() {\n\t// sleep: elsewhere\n\ttime.Sleep(1)\n}"},
	}
	goodSleep = sources{
		"cml/a_test.go":     "package cml\nimport \"time\"\nfunc f() {\n\ttime.Sleep(1) // sleep: a load for the monitor to notice\n}",
		"cml/a.go":          "package cml\nimport \"time\"\nfunc f() { time.Sleep(1) }",
		"runtime/a_test.go": "package runtime_test\nimport fibers \"" + module + "/runtime\"\nfunc f() { fibers.Sleep(1) }",
	}

	badRuntimeName = map[string]sources{
		"its own name":  {"runtime/a.go": `package runtime; import "runtime"`},
		"another name":  {"runtime/inspect/a.go": `package inspect; import gort "runtime"`},
		"also in tests": {"runtime/a_test.go": `package runtime; import "runtime"`},
	}
	goodRuntimeName = sources{
		"runtime/a.go": `package runtime; import goruntime "runtime"; import "runtime/debug"`,
		"cml/a.go":     `package cml; import "runtime"`,
	}

	badAtomics = map[string]sources{
		"no comment":      {"cml/a.go": "package cml\nimport \"sync/atomic\""},
		"comment above":   {"cml/a.go": "package cml\nimport (\n\t// for Int64\n\t\"sync/atomic\"\n)"},
		"test, no reason": {"cml/a_test.go": "package cml\nimport \"sync/atomic\""},
	}
	goodAtomics = sources{
		"cml/a.go":  "package cml\nimport \"sync/atomic\" // Int64 is aligned on 32-bit systems",
		"poll/a.go": "package poll\nimport (\n\t\"sync\"\n\t\"sync/atomic\" // And, Or\n)",
		"cml/b.go":  "package cml\nimport \"go.uber.org/atomic\"",
	}

	badWide = map[string]sources{
		"field":   {"cml/a.go": "package cml\nimport \"go.uber.org/atomic\"\ntype t struct { b bool; n atomic.Int64 }"},
		"renamed": {"cml/a.go": "package cml\nimport a \"go.uber.org/atomic\"\ntype t = a.Uint64"},
		"local":   {"cml/a.go": "package cml\nimport \"go.uber.org/atomic\"\nfunc f() { var s struct { d atomic.Duration }; _ = s }"},
	}
	goodWide = sources{
		"cml/a.go":      "package cml\nimport \"go.uber.org/atomic\"\ntype t struct { n atomic.Int32 }",
		"cml/b.go":      "package cml\nimport \"sync/atomic\" // Int64 is aligned\ntype u struct { n atomic.Int64 }",
		"cml/c.go":      "package cml\nimport \"go.uber.org/atomic\"\nvar n atomic.Int64",
		"cml/a_test.go": "package cml\nimport \"go.uber.org/atomic\"\ntype v struct { n atomic.Int64 }",
	}

	badDocs = map[string]sources{
		"function":          {"cml/a.go": "// Package cml.\npackage cml\nfunc F() {}"},
		"method":            {"cml/a.go": "// Package cml.\npackage cml\n// T is.\ntype T struct{}\nfunc (t *T) M() {}"},
		"generic method":    {"cml/a.go": "// Package cml.\npackage cml\n// T is.\ntype T[A, B any] struct{}\nfunc (*T[A, B]) M() {}"},
		"type":              {"cml/a.go": "// Package cml.\npackage cml\ntype T struct{}"},
		"type in a group":   {"cml/a.go": "// Package cml.\npackage cml\n// Types.\ntype (\n\tT struct{}\n)"},
		"a directive alone": {"cml/a.go": "// Package cml.\npackage cml\n\n//go:noinline\nfunc F() {}"},
		"package":           {"poll/a.go": "package poll"},
	}
	goodDocs = sources{
		"cml/doc.go":         "// Package cml.\npackage cml",
		"cml/a.go":           "package cml\n// F does.\nfunc F() {}\ntype t struct{}\nfunc (t) M() {}\nfunc f() {}\n// T is.\ntype T struct{}",
		"cml/a_test.go":      "package cml\nfunc TestF() {}",
		"internal/coro/a.go": "package coro\nfunc F() {}",
		"examples/x/main.go": "package main\nfunc F() {}",
	}

	badLength = map[string]sources{
		"one line too many": {"cml/a.go": "package cml\n" + strings.Repeat("\n", longest)},
	}
	goodLength = sources{
		"cml/a.go":      "package cml\n" + strings.Repeat("\n", longest-1),
		"cml/a_test.go": "package cml\n" + strings.Repeat("\n", longest),
	}

	badPanics = map[string]sources{
		"no prefix":            {"cml/a.go": `package cml; func f() { panic("nil operation") }`},
		"another's":            {"cml/a.go": `package cml; func f() { panic("fibers: nil operation") }`},
		"the engine's":         {"runtime/a.go": `package runtime; func f() { panic("runtime: negative") }`},
		"concatenation":        {"cml/a.go": `package cml; func f(s string) { panic("bad " + s) }`},
		"formatted":            {"cml/a.go": `package cml; import "fmt"; func f(n int) { panic(fmt.Sprintf("bad %d", n)) }`},
		"an error":             {"cml/a.go": `package cml; import "errors"; func f() { panic(errors.New("bad")) }`},
		"no colon":             {"cml/a.go": `package cml; func f() { panic("cml is unhappy") }`},
		"internal packages so": {"internal/coro/a.go": `package coro; func f() { panic("bad") }`},
	}
	goodPanics = sources{
		"cml/a.go":              `package cml; func f(v any, s string) { panic("cml: " + s); panic(v); panic(s + "!") }`,
		"runtime/a.go":          `package runtime; import "fmt"; func f() { panic(fmt.Errorf("fibers: %d", 1)) }`,
		"runtime/parallel/a.go": `package parallel; func f() { panic("parallel: negative grain") }`,
		"cml/a_test.go":         `package cml; func f() { panic("for the test") }`,
		"examples/x/main.go":    `package main; func main() { panic("anything") }`,
	}
)
