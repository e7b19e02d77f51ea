package main

import (
	"bytes"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const module = "github.com/seed222ee791/fibers"

// list returns what the packages of the module in dir export, built for a system: a line
// for each name, in order.
func list(dir, system, architecture string) ([]string, error) {
	goCommand := func(args ...string) ([]string, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+architecture, "GOFLAGS=")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &stderr)
		}
		return strings.Fields(string(out)), nil
	}
	paths, err := goCommand("list", "-f", `{{if ne .Name "main"}}{{.ImportPath}}{{end}}`, "./...")
	if err != nil {
		return nil, err
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return slices.Contains(strings.Split(p, "/"), "internal") })
	// What the compiler has written down of each package, and of those that it imports.
	exports, err := goCommand(append([]string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}"}, paths...)...)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for pair := range slices.Chunk(exports, 2) {
		files[pair[0]] = pair[1]
	}
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	var lines []string
	for _, path := range paths {
		pkg, err := imp.Import(path)
		if err != nil {
			return nil, err
		}
		lines = append(lines, exported(pkg)...)
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

// short is a package's path as the lists have it.
func short(path string) string { return strings.TrimPrefix(path, module+"/") }

// exported returns the lines of a package.
func exported(pkg *types.Package) (lines []string) {
	w := writer{pkg}
	add := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf("pkg %s, %s", short(pkg.Path()), fmt.Sprintf(format, args...)))
	}
	for _, name := range pkg.Scope().Names() {
		if !token.IsExported(name) {
			continue
		}
		switch o := pkg.Scope().Lookup(name).(type) {
		case *types.Const:
			add("const %s %s = %s", name, w.of(o.Type()), o.Val().ExactString())
		case *types.Var:
			add("var %s %s", name, w.of(o.Type()))
		case *types.Func:
			sig := o.Signature()
			add("func %s%s%s", name, w.parameters(sig.TypeParams()), w.signature(sig))
		case *types.TypeName:
			named, ok := o.Type().(*types.Named)
			if !ok || o.IsAlias() {
				add("type %s = %s", name, w.of(types.Unalias(o.Type())))
				continue
			}
			head := name + w.parameters(named.TypeParams())
			s, ok := named.Underlying().(*types.Struct)
			if !ok {
				add("type %s %s", head, w.of(named.Underlying()))
			} else {
				add("type %s struct", head)
				for f := range s.Fields() {
					switch {
					case f.Exported() && f.Embedded():
						add("type %s struct, embedded %s", name, w.of(f.Type()))
					case f.Exported():
						add("type %s struct, %s %s", name, f.Name(), w.of(f.Type()))
					}
				}
			}
			if types.IsInterface(named) {
				continue // its methods are in the type
			}
			values := types.NewMethodSet(named)
			for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
				if !m.Obj().Exported() {
					continue
				}
				star := "*"
				if values.Lookup(pkg, m.Obj().Name()) != nil {
					star = ""
				}
				add("method (%s%s) %s%s", star, name, m.Obj().Name(), w.signature(m.Type().(*types.Signature)))
			}
		}
	}
	return lines
}

// A writer writes types as users of pkg depend on them: without the names of parameters, with
// type parameters by number.
type writer struct{ pkg *types.Package }

func (w writer) named(o *types.TypeName, args *types.TypeList) string {
	s := o.Name()
	if p := o.Pkg(); p != nil && p != w.pkg {
		s = short(p.Path()) + "." + s
		if p.Path() != short(p.Path()) {
			s = "fibers/" + s
		}
	}
	if args.Len() > 0 {
		var list []string
		for a := range args.Types() {
			list = append(list, w.of(a))
		}
		s += "[" + strings.Join(list, ", ") + "]"
	}
	return s
}

func (w writer) of(t types.Type) string {
	switch t := t.(type) {
	case *types.Alias:
		return w.named(t.Obj(), t.TypeArgs())
	case *types.Named:
		return w.named(t.Obj(), t.TypeArgs())
	case *types.TypeParam:
		return fmt.Sprintf("$%d", t.Index())
	case *types.Pointer:
		return "*" + w.of(t.Elem())
	case *types.Slice:
		return "[]" + w.of(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), w.of(t.Elem()))
	case *types.Map:
		return "map[" + w.of(t.Key()) + "]" + w.of(t.Elem())
	case *types.Chan:
		return map[types.ChanDir]string{types.SendRecv: "chan (", types.SendOnly: "chan<- (", types.RecvOnly: "<-chan ("}[t.Dir()] + w.of(t.Elem()) + ")"
	case *types.Signature:
		return "func" + w.signature(t)
	case *types.Union:
		var terms []string
		for term := range t.Terms() {
			tilde := ""
			if term.Tilde() {
				tilde = "~"
			}
			terms = append(terms, tilde+w.of(term.Type()))
		}
		return strings.Join(terms, " | ")
	case *types.Struct:
		var fields []string
		for f := range t.Fields() {
			fields = append(fields, f.Name()+" "+w.of(f.Type()))
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	case *types.Interface:
		return w.methods(t)
	case *types.Basic:
		return t.Name()
	}
	panic(fmt.Sprintf("api: no words for the type %v", t))
}

func (w writer) methods(t *types.Interface) string {
	var list []string
	hidden := ""
	for m := range t.Methods() {
		if m.Exported() {
			list = append(list, m.Name()+w.signature(m.Signature()))
		} else {
			hidden = "unexported methods"
		}
	}
	for e := range t.EmbeddedTypes() {
		if !types.IsInterface(e) || !t.IsMethodSet() { // a method set is above already
			list = append(list, w.of(e))
		}
	}
	if hidden != "" {
		list = append(list, hidden)
	}
	if len(list) == 0 && t.IsMethodSet() {
		return "any"
	}
	return "interface{" + strings.Join(list, "; ") + "}"
}

// parameters writes type parameters with their constraints.
func (w writer) parameters(list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var each []string
	for p := range list.TypeParams() {
		each = append(each, w.of(p)+" "+w.of(p.Constraint()))
	}
	return "[" + strings.Join(each, ", ") + "]"
}

func (w writer) signature(s *types.Signature) string {
	types := func(t *types.Tuple) (each []string) {
		for v := range t.Variables() {
			each = append(each, w.of(v.Type()))
		}
		return each
	}
	in, out := types(s.Params()), types(s.Results())
	if s.Variadic() {
		in[len(in)-1] = "..." + strings.TrimPrefix(in[len(in)-1], "[]")
	}
	text := "(" + strings.Join(in, ", ") + ")"
	switch len(out) {
	case 0:
		return text
	case 1:
		return text + " " + out[0]
	}
	return text + " (" + strings.Join(out, ", ") + ")"
}
