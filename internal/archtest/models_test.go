package archtest

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// What docs/models/README.md says of the models.
const modelTable = "docs/models/README.md"

var mutantLine = regexp.MustCompile(`(?m)^// mutant: -D([A-Z_]+)`)

// modelsInTable: every model is in the table, and each of its mutants.
func modelsInTable(t *tree) (found []string) {
	table := t.text[modelTable]
	for _, name := range t.paths() {
		if path.Ext(name) != ".pml" {
			continue
		}
		if base := path.Base(name); !strings.Contains(table, "`"+base+"`") {
			found = append(found, fmt.Sprintf("%s: %s does not say what it states", name, modelTable))
		}
		for _, m := range mutantLine.FindAllStringSubmatch(t.text[name], -1) {
			if !strings.Contains(table, "`"+m[1]+"`") {
				found = append(found, fmt.Sprintf("%s: %s does not say what the mutant %s changes", name, modelTable, m[1]))
			}
		}
	}
	return found
}

var badModels = map[string]sources{
	"a model that is not there": {modelTable: "| `a.pml` |", "docs/models/b.pml": "// run: -m1\n"},
	"a mutant that is not":      {modelTable: "| `a.pml` | `ONE` |", "docs/models/a.pml": "// mutant: -DONE\n// mutant: -DTWO -DN=2\n"},
}

var goodModels = sources{modelTable: "| `a.pml` | `ONE` | `TWO` |", "docs/models/a.pml": "// mutant: -DONE\n// mutant: -DTWO -DN=2\n"}
