package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"
)

// A tree is the text files of a module by slash-separated path, the Go files
// among them parsed.
type tree struct {
	module string
	fset   *token.FileSet
	text   map[string]string
	files  []*file // in the order of their paths
}

// A file is one Go file of a tree.
type file struct {
	path string // "runtime/parallel/do.go"
	dir  string // "runtime/parallel"; "." for the root
	test bool
	ast  *ast.File
}

const module = "github.com/seed222ee791/fibers"

// newTree parses the Go files of text.
func newTree(text map[string]string) (*tree, error) {
	t := &tree{module: module, fset: token.NewFileSet(), text: text}
	for _, name := range t.paths() {
		if path.Ext(name) != ".go" {
			continue
		}
		parsed, err := parser.ParseFile(t.fset, name, text[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		t.files = append(t.files, &file{
			path: name,
			dir:  path.Dir(name),
			test: strings.HasSuffix(name, "_test.go"),
			ast:  parsed,
		})
	}
	return t, nil
}

// paths returns the paths of all text files in order.
func (t *tree) paths() []string {
	names := make([]string, 0, len(t.text))
	for name := range t.text {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// exists reports whether the tree has a text file of that path.
func (t *tree) exists(name string) bool {
	_, ok := t.text[path.Clean(name)]
	return ok
}

// at renders a finding: where, and what is wrong.
func (t *tree) at(n ast.Node, format string, args ...any) string {
	p := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}

// root returns the directory of the module that the test runs in.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

// load reads the module that the test runs in: what git would track, as far as
// can be told without git. Directories named .git, testdata or results, large files
// and files that are not text are left out, and of other modules all but their
// documents, to which others may link.
func load(t testing.TB) *tree {
	t.Helper()
	tree := loadFrom(t, root(t))
	if len(tree.files) < 10 {
		t.Fatalf("only %d Go files under %s: the wrong place?", len(tree.files), root(t))
	}
	return tree
}

// loadFrom is load for the module in the directory base.
func loadFrom(t testing.TB, base string) *tree {
	t.Helper()
	const largest = 1 << 20
	text := map[string]string{}
	others := nested(t, base)
	err := filepath.WalkDir(base, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(base, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "testdata", "results":
				return filepath.SkipDir
			}
			return nil
		}
		rel = filepath.ToSlash(rel)
		for _, other := range others {
			if strings.HasPrefix(rel, other+"/") && path.Ext(rel) != ".md" {
				return nil
			}
		}
		if d.Name() == ".git" { // a file in a worktree
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > largest {
			return err
		}
		data, err := os.ReadFile(name)
		if err == nil && utf8.Valid(data) {
			text[rel] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := newTree(text)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// nested returns the directories of the modules below that in base.
func nested(t testing.TB, base string) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir(base, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "go.mod" || strings.Contains(name, "testdata") {
			return err
		}
		rel, err := filepath.Rel(base, filepath.Dir(name))
		if err == nil && rel != "." {
			dirs = append(dirs, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// public reports whether the package in dir is for users: neither internal nor
// a program.
func public(dir string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return top != "internal" && !program(dir)
}

// program reports whether dir belongs to the programs that come with the module.
func program(dir string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return slices.Contains([]string{"bench", "examples"}, top) || dir == "docs/figures" || dir == "runtime/inspect/fibers"
}
