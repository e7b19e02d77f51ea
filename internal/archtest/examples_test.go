package archtest

import (
	"go/ast"
	"go/doc"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// allowList has the exported verbs that need no example, each with the reason:
// "poll.Conn.LocalAddr": "net.Conn".
var allowList = map[string]string{
	"runtime/sim.Conn.Close":                  "net.Conn",
	"runtime/sim.Conn.LocalAddr":              "net.Conn",
	"runtime/sim.Conn.Read":                   "net.Conn",
	"runtime/sim.Conn.RemoteAddr":             "net.Conn",
	"runtime/sim.Conn.SetDeadline":            "net.Conn",
	"runtime/sim.Conn.SetReadDeadline":        "net.Conn",
	"runtime/sim.Conn.SetWriteDeadline":       "net.Conn",
	"runtime/sim.Conn.Write":                  "net.Conn",
	"runtime/sim.PacketConn.Close":            "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.LocalAddr":        "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.Read":             "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.ReadFrom":         "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.RemoteAddr":       "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.SetDeadline":      "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.SetReadDeadline":  "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.SetWriteDeadline": "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.Write":            "net.PacketConn and net.Conn",
	"runtime/sim.PacketConn.WriteTo":          "net.PacketConn and net.Conn",
	"runtime/sim.Listener.Accept":             "net.Listener",
	"runtime/sim.Listener.Addr":               "net.Listener",
	"runtime/sim.Listener.Close":              "net.Listener",
}

// pending has the packages whose examples are still to be written, each with the
// reason. TestAllowList tells when one is complete.
var pending = map[string]string{}

// trivial methods are called by others than users.
var trivial = []string{"String", "GoString", "Format", "Error", "Unwrap", "Is", "As"}

// A verb is an exported function or method of a public package.
type verb struct {
	dir     string
	decl    *ast.FuncDecl
	example string // the name that its example begins with
	shown   bool   // it has an example whose output is checked
}

// verbs returns the verbs of t by name: "runtime.Go", "cml.Chan.Put".
func verbs(t *tree) map[string]*verb {
	all := map[string]*verb{}
	for _, f := range t.files {
		if f.test || !public(f.dir) || f.ast.Name.Name == "main" {
			continue
		}
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || !exported(fn) {
				continue
			}
			name, example := fn.Name.Name, fn.Name.Name
			if fn.Recv != nil {
				if slices.Contains(trivial, name) {
					continue
				}
				name = receiver(fn) + "." + fn.Name.Name
				example = receiver(fn) + "_" + fn.Name.Name
			}
			all[f.dir+"."+name] = &verb{dir: f.dir, decl: fn, example: example}
		}
	}
	for _, f := range t.files {
		if !f.test {
			continue
		}
		for _, e := range doc.Examples(f.ast) {
			if e.Output == "" && !e.EmptyOutput {
				continue // compiled, but never run
			}
			for name, v := range all {
				if strings.HasPrefix(name, f.dir+".") && shows(e.Name, v.example) {
					v.shown = true
				}
			}
		}
	}
	return all
}

// shows reports whether Example<name> is one of the examples of Example<want>:
// the name itself, or followed by _ and a lower-case suffix.
func shows(name, want string) bool {
	rest, ok := strings.CutPrefix(name, want)
	if !ok || rest == "" {
		return ok
	}
	suffix, ok := strings.CutPrefix(rest, "_")
	first, _ := utf8.DecodeRuneInString(suffix)
	return ok && unicode.IsLower(first)
}

// examples: each verb has an example with output, or stands in allowList, or its
// package is pending.
func examples(t *tree) (found []string) {
	all := verbs(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if v := all[name]; !v.shown && allowList[name] == "" && pending[v.dir] == "" {
			found = append(found, t.at(v.decl, "%s has no Example%s with output", name, v.example))
		}
	}
	return found
}

// stale returns the entries of the two lists that have no reason, no verb, or no
// need to be there any more.
func stale(t *tree, list, packages map[string]string) (found []string) {
	all := verbs(t)
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		lacking := 0
		for name, v := range all {
			if v.dir == dir && !v.shown && list[name] == "" {
				lacking++
			}
		}
		if lacking == 0 || packages[dir] == "" {
			found = append(found, dir+" is pending, without a reason or an example that it lacks")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		switch v := all[name]; {
		case list[name] == "":
			found = append(found, name+" is allowed to have no example, without a reason")
		case v == nil:
			found = append(found, name+" is allowed to have no example, but does not exist")
		case v.shown:
			found = append(found, name+" is allowed to have no example, but has one")
		}
	}
	return found
}

func TestAllowList(t *testing.T) {
	for _, finding := range stale(load(t), allowList, pending) {
		t.Error(finding)
	}
}

func TestAllowListCanFail(t *testing.T) {
	tree, err := newTree(sources{"cml/a.go": `package cml; func F() {}; func G() {}`, "cml/a_test.go": shownVerb})
	if err != nil {
		t.Fatal(err)
	}
	type list = map[string]string
	if found := stale(tree, list{"cml.G": "reason"}, nil); len(found) > 0 {
		t.Errorf("wrongly found: %v", found)
	}
	if found := stale(tree, nil, list{"cml": "reason"}); len(found) > 0 {
		t.Errorf("wrongly found: %v", found)
	}
	for name, lists := range map[string][2]list{
		"no reason":            {{"cml.G": ""}, nil},
		"no verb":              {{"cml.H": "reason"}, nil},
		"no need":              {{"cml.F": "reason"}, nil},
		"package, no reason":   {nil, {"cml": ""}},
		"package, no need":     {{"cml.G": "reason"}, {"cml": "reason"}},
		"package that is gone": {nil, {"poll": "reason"}},
	} {
		if len(stale(tree, lists[0], lists[1])) == 0 {
			t.Errorf("%q is not found", name)
		}
	}
}

const shownVerb = "package cml_test\nfunc ExampleF() {\n\tprintln()\n\t// Output: 1\n}\n"

var (
	badExamples = map[string]sources{
		"function":           {"cml/a.go": `package cml; func F() {}`},
		"method":             {"cml/a.go": `package cml; type T struct{}; func (T) M() {}`},
		"generic method":     {"cml/a.go": `package cml; type T[A any] struct{}; func (*T[A]) M() {}`},
		"only compiled":      {"cml/a.go": `package cml; func F() {}`, "cml/a_test.go": `package cml_test; func ExampleF() {}`},
		"another package's":  {"cml/a.go": `package cml; func F() {}`, "poll/a_test.go": shownVerb},
		"of a longer name":   {"cml/a.go": `package cml; func F() {}`, "cml/a_test.go": strings.Replace(shownVerb, "ExampleF", "ExampleFor", 1)},
		"of a method called": {"cml/a.go": `package cml; func F() {}`, "cml/a_test.go": strings.Replace(shownVerb, "ExampleF", "ExampleF_Put", 1)},
	}
	goodExamples = sources{
		"cml/a.go":           `package cml; func F() {}; type T[A any] struct{}; func (*T[A]) M() {}; func (T[A]) String() string { return "" }; func f() {}; type t int; func (t) M() {}`,
		"cml/a_test.go":      shownVerb + "func ExampleT_M_twice() {\n\tprintln()\n\t// Unordered output:\n\t// 1\n\t// 2\n}\n",
		"internal/coro/a.go": `package coro; func F() {}`,
		"bench/a.go":         `package main; func F() {}`,
	}
)
