package archtest

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// A program waits at its compilation for every object of package cml that it mentions, with
// all methods, for each T; and mentioned is what a type switch in a generic function names. So a
// program that performs operations on channels has no other objects in it.
func TestProgramsHaveOnlyObjectsTheyUse(t *testing.T) {
	const program = "./examples/gopatterns/select"
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = "../.."
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	names := run("tool", "nm", run("list", "-export", "-f", "{{.Export}}", program))
	if !strings.Contains(names, "cml.(*Chan[") {
		t.Fatalf("%s has no channel: give this test another program", program)
	}
	if other := regexp.MustCompile(`cml\.\(\*(MVar|Swap|Port|Observer|Queue)\[.*`).FindString(names); other != "" {
		t.Errorf("%s, which uses none, has %s", program, other)
	}
}
