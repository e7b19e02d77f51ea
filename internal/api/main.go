// Command api lists what the packages of this module export, and compares it with the list of
// the last version: see README.md beside it.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	write := flag.String("write", "", "write the list of this `version`, as v0.1.0, instead")
	exact := flag.Bool("exact", false, "fail also if something is new: for a release")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("api: %q is no flag", flag.Arg(0))
	}
	if err := run(*write, *exact); err != nil {
		log.Fatal("api: ", err)
	}
}

func run(write string, exact bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	now, err := list(root, "linux", "amd64")
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "internal", "api")
	if write != "" {
		if len(numbers(write)) != 3 || !strings.HasPrefix(write, "v") {
			return fmt.Errorf("-write %s: give it a version as v0.1.0", write)
		}
		return os.WriteFile(filepath.Join(dir, write+".txt"), []byte(strings.Join(now, "\n")+"\n"), 0o644)
	}
	d, version, err := since(dir, now)
	if err != nil {
		return err
	}
	fmt.Print(d.report(version))
	switch {
	case d.broken():
		return fmt.Errorf("what was in %s has been removed or changed", version)
	case exact && len(d.added) > 0:
		return fmt.Errorf("the list of %s is not complete: go run ./api -write %s", version, version)
	case len(d.added) == 0:
		fmt.Printf("%d names and fields, as in %s\n", len(now), version)
	}
	return nil
}

// since compares with the newest list in dir.
func since(dir string, now []string) (difference, string, error) {
	file, version, err := newest(dir)
	if err != nil {
		return difference{}, "", err
	}
	listed, err := lines(file)
	if err != nil {
		return difference{}, "", err
	}
	exceptions, err := lines(filepath.Join(dir, "except.txt"))
	return compare(listed, now, exceptions), version, err
}

// moduleRoot returns the directory of the module that is worked in.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("run it in a clone of the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
