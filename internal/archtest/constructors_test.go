package archtest

import (
	"go/ast"
	"strings"
)

// constructors: E1 in cml/select.go. A function of package cml that makes an op is not
// inlined, so that its op is on the heap. Those that hand on what another one returned may
// be, and those that run in a performance, where nothing of Select's caller comes.
func constructors(t *tree) (found []string) {
	for _, f := range t.files {
		if f.dir != "cml" || f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil || !returnsOp(fn) || mayBeInlined[receiver(fn)+"."+fn.Name.Name] || fn.Name.Name == "force" {
				continue
			}
			if !marked(fn, "//go:noinline") && !handsOn(fn) && !performs(fn) {
				found = append(found, t.at(fn, "%s makes an op and is not //go:noinline (E1)", fn.Name.Name))
			}
		}
	}
	return found
}

// mayBeInlined are On, whose op may lie on the stack, and a function that most often makes nothing.
var mayBeInlined = map[string]bool{".On": true, "Chan.GetOp": true}

// returnsOp reports whether the first result is an Op.
func returnsOp(fn *ast.FuncDecl) bool {
	if fn.Type.Results == nil {
		return false
	}
	return indexed(fn.Type.Results.List[0].Type) == "Op"
}

// indexed returns the name of a generic type.
func indexed(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	switch x := e.(type) {
	case *ast.IndexExpr:
		e = x.X
	case *ast.IndexListExpr:
		e = x.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func marked(fn *ast.FuncDecl, pragma string) bool {
	if fn.Doc == nil {
		return false
	}
	for _, c := range fn.Doc.List {
		if strings.HasPrefix(c.Text, pragma) {
			return true
		}
	}
	return false
}

// handsOn reports whether fn returns what a call returns, and does nothing else.
func handsOn(fn *ast.FuncDecl) bool {
	if len(fn.Body.List) != 1 {
		return false
	}
	ret, ok := fn.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) == 0 {
		return false
	}
	_, ok = ret.Results[0].(*ast.CallExpr)
	return ok
}

// performs reports whether fn is given a performance.
func performs(fn *ast.FuncDecl) bool {
	for _, p := range fn.Type.Params.List {
		if indexed(p.Type) == "performance" {
			return true
		}
	}
	return false
}

const opType = "package cml\ntype Op[T any] interface{ force() Op[T] }\ntype leaf[T any] struct{}\nfunc (l *leaf[T]) force() Op[T] { return l }\n"

var badConstructors = map[string]sources{
	"a function": {"cml/a.go": opType + "func F[T any]() Op[T] { return &leaf[T]{} }"},
	"a method":   {"cml/a.go": opType + "type M struct{}\nfunc (*M) Op() Op[int] { return &leaf[int]{} }"},
}

var goodConstructors = sources{"cml/a.go": opType + "// F makes.\n//\n//go:noinline\nfunc F[T any]() Op[T] { return &leaf[T]{} }\n" +
	"func G() Op[int] { return F[int]() }\nfunc On[T any](op Op[T]) Op[int] { return &leaf[int]{} }\n" +
	"type performance struct{}\nfunc in[T any](p *performance) Op[T] { return &leaf[T]{} }"}
