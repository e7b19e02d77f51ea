// Wordcount counts the words in all files of a directory and those below it, and
// prints the most frequent ones.
//
// Each file is read and counted by a branch of a parallel loop; each branch has
// counts of its own, which are joined in pairs. Reading a file may block, which
// fibers.Blocking takes off the scheduler's hands; meanwhile other files are read.
//
//	go run ./examples/wordcount -n 20 docs
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// counts are the words of some files, or why they cannot be counted.
type counts struct {
	words map[string]int
	err   error
}

// count counts the words of one file: letters in a row, in lower case.
func count(dir fs.FS, name string) counts {
	type file struct {
		data []byte
		err  error
	}
	read := fibers.Blocking(func() file {
		data, err := fs.ReadFile(dir, name)
		return file{data, err}
	})
	if read.err != nil {
		return counts{err: read.err}
	}
	words := map[string]int{}
	for word := range strings.FieldsFuncSeq(string(read.data), func(r rune) bool { return !unicode.IsLetter(r) }) {
		words[strings.ToLower(word)]++
	}
	return counts{words: words}
}

// join adds the counts of b to those of a, which it may change: nobody else has
// them. Of two errors it keeps the first.
func join(a, b counts) counts {
	switch {
	case a.err != nil:
		return a
	case b.err != nil:
		return b
	case len(a.words) < len(b.words):
		a, b = b, a
	}
	for word, n := range b.words {
		a.words[word] += n
	}
	return a
}

// countAll counts the words of all regular files below dir.
func countAll(dir fs.FS) (map[string]int, error) {
	names, err := list(dir)
	if err != nil {
		return nil, err
	}
	all := parallel.Reduce(0, len(names), 1, counts{}, func(i, _ int, _ counts) counts {
		return count(dir, names[i])
	}, join)
	return all.words, all.err
}

func list(dir fs.FS) (names []string, err error) {
	err = fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// run prints the most frequent words in the files below dir; words of equal
// frequency by the alphabet.
func run(w io.Writer, dir fs.FS, most int) error {
	var words map[string]int
	var failed error
	if err := fibers.Run(func() { words, failed = countAll(dir) }); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	sorted := slices.SortedFunc(maps.Keys(words), func(a, b string) int {
		return cmp.Or(cmp.Compare(words[b], words[a]), cmp.Compare(a, b))
	})
	out := bufio.NewWriter(w)
	for _, word := range sorted[:min(most, len(sorted))] {
		fmt.Fprintln(out, words[word], word)
	}
	return out.Flush()
}

func main() {
	most := flag.Int("n", 10, "how many words to print")
	flag.Parse()
	dir := "."
	if flag.NArg() > 0 {
		dir = flag.Arg(0)
	}
	if err := run(os.Stdout, os.DirFS(dir), *most); err != nil {
		log.Fatal(err)
	}
}
