package archtest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// nestedRules are the rules that modules below the root keep as well: those that
// ask nothing of a package's place.
var nestedRules = []string{"NoSleepInTests", "RawAtomics", "FileLength", "MachinePaths", "PanicPrefix"}

// A module below the root has what importers of the root are to be spared. So the
// root does not require it, and it is built with the root beside it.
func TestNestedModules(t *testing.T) {
	base := root(t)
	read := func(dir string) string {
		text, err := os.ReadFile(filepath.Join(base, filepath.FromSlash(dir), "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	dirs := nested(t, base)
	if len(dirs) == 0 {
		t.Fatal("no modules are found: has internal/interop gone?")
	}
	for _, dir := range dirs {
		t.Run(dir, func(t *testing.T) {
			for _, finding := range nestedModule(dir, read("."), read(dir)) {
				t.Error(finding)
			}
			tree := loadFrom(t, filepath.Join(base, filepath.FromSlash(dir)))
			for _, r := range rules {
				if !slices.Contains(nestedRules, r.name) {
					continue
				}
				for _, finding := range r.check(tree) {
					t.Errorf("%s: %s", r.name, finding)
				}
			}
		})
	}
}

var goVersion = regexp.MustCompile(`(?m)^go .*$`)

// nestedModule returns what is wrong with the go.mod of the module in dir.
func nestedModule(dir, outer, inner string) (found []string) {
	up := strings.TrimSuffix(strings.Repeat("../", strings.Count(dir, "/")+1), "/")
	if !strings.HasPrefix(inner, "module "+path.Join(module, dir)+"\n") {
		found = append(found, dir+"/go.mod does not call the module "+path.Join(module, dir))
	}
	if !strings.Contains(inner, "\nreplace "+module+" => "+up+"\n") {
		found = append(found, dir+"/go.mod does not replace "+module+" by "+up)
	}
	if strings.Contains(outer, path.Join(module, dir)) {
		found = append(found, "go.mod mentions the module "+dir+", which importers are to be spared")
	}
	if a, b := goVersion.FindString(outer), goVersion.FindString(inner); a != b {
		found = append(found, dir+"/go.mod says "+b+", go.mod "+a)
	}
	return found
}

func TestNestedModuleCanFail(t *testing.T) {
	const outer = "module " + module + "\n\ngo 1.26.0\n"
	const inner = "module " + module + "/a/b\n\ngo 1.26.0\n\nreplace " + module + " => ../..\n"
	if found := nestedModule("a/b", outer, inner); len(found) > 0 {
		t.Error("wrongly found: ", found)
	}
	for name, mods := range map[string][2]string{
		"another name":    {outer, strings.Replace(inner, "/a/b", "/b", 1)},
		"not replaced":    {outer, strings.Replace(inner, "replace", "//", 1)},
		"another place":   {outer, strings.Replace(inner, "../..", "..", 1)},
		"required":        {outer + "require " + module + "/a/b v0.0.0\n", inner},
		"another version": {outer, strings.Replace(inner, "1.26.0", "1.27.0", 1)},
	} {
		if len(nestedModule("a/b", mods[0], mods[1])) == 0 {
			t.Errorf("%q is not found", name)
		}
	}
}
