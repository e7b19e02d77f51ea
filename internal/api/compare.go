package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A difference is what has happened to the exported API since a list was written.
type difference struct {
	added   []string // not in the list: no harm
	gone    []string // in the list, removed or changed since, and no exception
	useless []string // exceptions for what is still there, or never was
}

// compare compares a list with what is exported now.
func compare(listed, now, exceptions []string) (d difference) {
	has := func(lines []string) map[string]bool {
		set := make(map[string]bool, len(lines))
		for _, l := range lines {
			set[l] = true
		}
		return set
	}
	was, is, excepted := has(listed), has(now), has(exceptions)
	for _, l := range now {
		if !was[l] {
			d.added = append(d.added, l)
		}
	}
	for _, l := range listed {
		if !is[l] && !excepted[l] {
			d.gone = append(d.gone, l)
		}
	}
	for _, l := range exceptions {
		if strings.HasPrefix(l, "pkg ") && (is[l] || !was[l]) { // others are apidiff's
			d.useless = append(d.useless, l)
		}
	}
	return d
}

// String is a report, "" if there is nothing to say. version is that of the list.
func (d difference) report(version string) string {
	var b strings.Builder
	part := func(lines []string, head string) {
		if len(lines) > 0 {
			fmt.Fprintf(&b, "%s\n\t%s\n", head, strings.Join(lines, "\n\t"))
		}
	}
	part(d.added, fmt.Sprintf("new since %s, %d:", version, len(d.added)))
	part(d.gone, fmt.Sprintf("removed or changed since %s, %d, which breaks programs (see internal/api/README.md: -write before the version is tagged, internal/api/except.txt afterwards):", version, len(d.gone)))
	part(d.useless, "in internal/api/except.txt, but not removed since "+version+":")
	return b.String()
}

func (d difference) broken() bool { return len(d.gone)+len(d.useless) > 0 }

// lines returns those of a file, without comments.
func lines(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return slices.DeleteFunc(all, func(l string) bool { return l == "" || strings.HasPrefix(l, "#") }), nil
}

// newest returns the file of the last version in dir, by version.
func newest(dir string) (file, version string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "v*.txt"))
	if err != nil || len(files) == 0 {
		return "", "", fmt.Errorf("no list of a version in %s (%v)", dir, err)
	}
	file = slices.MaxFunc(files, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
	return file, strings.TrimSuffix(filepath.Base(file), ".txt"), nil
}

// numbers takes v0.10.2.txt apart.
func numbers(file string) (n []int) {
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "v"), ".txt"), ".") {
		x, _ := strconv.Atoi(part)
		n = append(n, x)
	}
	return n
}
