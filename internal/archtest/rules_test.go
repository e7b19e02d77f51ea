package archtest

import (
	"strings"
	"testing"
)

// A rule returns the places where a tree breaks it.
type rule func(*tree) []string

// sources is a small tree for the test of a rule, by path.
type sources map[string]string

var rules = []struct {
	name  string
	check rule
	bad   map[string]sources // each breaks the rule
	good  sources            // does not
}{
	{"ImportDirection", importDirection, badImports, goodImports},
	{"ThirdParty", thirdParty, badThirdParty, goodThirdParty},
	{"BenchSuites", benchSuites, badSuites, goodSuites},
	{"NoSleepInTests", noSleepInTests, badSleep, goodSleep},
	{"GoRuntimeName", goRuntimeName, badRuntimeName, goodRuntimeName},
	{"RawAtomics", rawAtomics, badAtomics, goodAtomics},
	{"WideAtomics", wideAtomics, badWide, goodWide},
	{"DocComments", docComments, badDocs, goodDocs},
	{"FileLength", fileLength, badLength, goodLength},
	{"MachinePaths", machinePaths, badPaths, goodPaths},
	{"PanicPrefix", panicPrefix, badPanics, goodPanics},
	{"DocumentsExist", documentsExist, badDocuments, goodDocuments},
	{"Fragments", fragments, badFragments, goodFragments},
	{"Examples", examples, badExamples, goodExamples},
	{"CheckedBy", checkedBy, badChecked, goodChecked},
	{"Models", modelsInTable, badModels, goodModels},
	{"EquivalentsExist", equivalentsExist, badEquivalents, goodEquivalents},
	{"FileMap", fileMap, badFileMap, goodFileMap},
	{"Records", records, badRecords, goodRecords},
	{"OneRace", oneRace, badOneRace, goodOneRace},
	{"UniqueTags", uniqueTags, badTags, goodTags},
	{"PrivateTags", privateTags, badPrivate, goodPrivate},
	{"Constructors", constructors, badConstructors, goodConstructors},
}

func TestRules(t *testing.T) {
	tree := load(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, finding := range r.check(tree) {
				t.Error(finding)
			}
		})
	}
}

func TestRulesCanFail(t *testing.T) {
	parse := func(t *testing.T, s sources) *tree {
		tree, err := newTree(s)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if len(r.bad) == 0 || len(r.good) == 0 {
				t.Fatal("the rule has no trees to be tested on")
			}
			for name, s := range r.bad {
				if len(r.check(parse(t, s))) == 0 {
					t.Errorf("%q breaks the rule and is not found", name)
				}
			}
			if found := r.check(parse(t, r.good)); len(found) > 0 {
				t.Errorf("wrongly found:\n%s", strings.Join(found, "\n"))
			}
		})
	}
}
