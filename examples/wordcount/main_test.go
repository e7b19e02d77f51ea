package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestWordcount(t *testing.T) {
	dir := fstest.MapFS{
		"a.txt":         {Data: []byte("The quick brown fox. The lazy dog!")},
		"sub/b.txt":     {Data: []byte("the fox\nand the hound")},
		"sub/sub/c.txt": {Data: []byte("")},
	}
	var b strings.Builder
	if err := run(&b, dir, 3); err != nil {
		t.Fatal(err)
	}
	if want := "4 the\n2 fox\n1 and\n"; b.String() != want {
		t.Errorf("it prints\n%swant\n%s", b.String(), want)
	}
}

func TestWordcountOfManyFiles(t *testing.T) {
	const n = 500
	dir := fstest.MapFS{}
	for i := range n {
		dir[fmt.Sprintf("%d/%d.txt", i%7, i)] = &fstest.MapFile{Data: []byte(strings.Repeat("word ", i))}
	}
	var b strings.Builder
	if err := run(&b, dir, 10); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintln(n*(n-1)/2, "word"); b.String() != want {
		t.Errorf("it prints %q, not %q", b.String(), want)
	}
}

func TestWordcountOfNothing(t *testing.T) {
	var b strings.Builder
	if err := run(&b, fstest.MapFS{}, 10); err != nil || b.Len() > 0 {
		t.Errorf("%v, it prints %q", err, b.String())
	}
}

// locked is a directory of which one file cannot be read.
type locked struct{ fstest.MapFS }

func (l locked) ReadFile(name string) ([]byte, error) {
	if name == "secret" {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrPermission}
	}
	return l.MapFS.ReadFile(name)
}

func TestWordcountFails(t *testing.T) {
	dir := locked{fstest.MapFS{"a": {Data: []byte("x")}, "secret": {}, "z": {Data: []byte("x")}}}
	var b strings.Builder
	if err := run(&b, dir, 10); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v", err)
	}
}
