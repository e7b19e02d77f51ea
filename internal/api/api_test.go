package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Nothing that users depend on has gone, and what is new is said (go test -v).
func TestNothingIsRemoved(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not on PATH: ", err)
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	// The sources, so that the test cache knows what the answer depends on.
	err = filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(name) == ".go" {
			_, err = os.Stat(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	now, err := list(root, "linux", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	d, version, err := since(".", now)
	if err != nil {
		t.Fatal(err)
	}
	if len(now) < 500 {
		t.Errorf("only %d lines: the wrong packages?", len(now))
	}
	if d.broken() {
		t.Error(d.report(version))
	} else if report := d.report(version); report != "" {
		t.Log(report)
	}
}

const source = `package p

type (
	Named[K comparable, V ~int | ~string] struct {
		Field   map[K][]V
		hidden  int
		Other
	}
	Other struct{ Deep func(name string, rest ...any) (n int, err error) }
	Short = Other
	Both  interface{ M(c <-chan int) ; m() }
	Set   interface{ ~int | string; M() }
	Level uint8
	secret struct{}
)

const High Level = 7

var V, _ = [2]*Other{}, 0

func F[A any, B []A](a A, b B, _ chan<- chan A) struct{ X int } { return struct{ X int }{} }
func f() {}

func (Named[K, V]) Value(other Named[K, V]) {}
func (n *Named[K, V]) Pointer() (K, V)      { panic(n) }
func (*Named[K, V]) lost()                  {}
func (Other) Promoted()                     {}
func (secret) Never()                       {}
`

const sourceLines = `pkg p, const High Level = 7
pkg p, func F[$0 any, $1 interface{[]$0}]($0, $1, chan<- (chan ($0))) struct{X int}
pkg p, method (*Named) Pointer() ($0, $1)
pkg p, method (Named) Promoted()
pkg p, method (Named) Value(Named[$0, $1])
pkg p, method (Other) Promoted()
pkg p, type Both interface{M(<-chan (int)); unexported methods}
pkg p, type Level uint8
pkg p, type Named struct, Field map[$0][]$1
pkg p, type Named struct, embedded Other
pkg p, type Named[$0 comparable, $1 interface{~int | ~string}] struct
pkg p, type Other struct
pkg p, type Other struct, Deep func(string, ...any) (int, error)
pkg p, type Set interface{M(); ~int | string}
pkg p, type Short = Other
pkg p, var V [2]*Other`

func TestLines(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := (&types.Config{}).Check(module+"/p", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := exported(pkg)
	slices.Sort(got)
	if want := strings.Split(sourceLines, "\n"); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), sourceLines)
	}
}

func TestCompare(t *testing.T) {
	listed := []string{"pkg p, func A()", "pkg p, func B()", "pkg p, func C()"}
	now := []string{"pkg p, func A()", "pkg p, func B(int)", "pkg p, func D()"}
	for _, c := range []struct {
		exceptions, gone, useless []string
	}{
		{nil, []string{"pkg p, func B()", "pkg p, func C()"}, nil},
		{[]string{"pkg p, func C()"}, []string{"pkg p, func B()"}, nil},
		{[]string{"pkg p, func C()", "pkg p, func B()", "./p.B: changed from func() to func(int)"}, nil, nil},
		{[]string{"pkg p, func A()"}, []string{"pkg p, func B()", "pkg p, func C()"}, []string{"pkg p, func A()"}},
		{[]string{"pkg p, func X()"}, []string{"pkg p, func B()", "pkg p, func C()"}, []string{"pkg p, func X()"}},
	} {
		d := compare(listed, now, c.exceptions)
		if !slices.Equal(d.gone, c.gone) || !slices.Equal(d.useless, c.useless) || !slices.Equal(d.added, []string{"pkg p, func B(int)", "pkg p, func D()"}) {
			t.Errorf("with exceptions %q: %+v", c.exceptions, d)
		}
		if broken := len(c.gone)+len(c.useless) > 0; d.broken() != broken {
			t.Errorf("with exceptions %q: broken is %v", c.exceptions, d.broken())
		}
		for _, l := range slices.Concat(d.gone, d.useless, d.added) {
			if !strings.Contains(d.report("v1.0.0"), l) {
				t.Errorf("the report does not have %s", l)
			}
		}
	}
	if r := compare(listed, listed, nil).report("v1.0.0"); r != "" {
		t.Errorf("nothing has changed, and the report is %q", r)
	}
}

func TestNewest(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := newest(dir); err == nil {
		t.Error("no list, and no error")
	}
	for _, v := range []string{"v0.9.10", "v0.10.2", "v0.10.1"} {
		if err := os.WriteFile(filepath.Join(dir, v+".txt"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, version, err := newest(dir); err != nil || version != "v0.10.2" {
		t.Errorf("got %s, %v", version, err)
	}
}
