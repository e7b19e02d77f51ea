// Package archtest holds the tests that keep the house in order: the direction
// of imports, the rules of style that a machine can check, an example for every
// exported verb, and the Go code in the README and under docs, which compiles
// and prints what is said there. It has no code outside its tests.
//
// The tests read the files of the module themselves. A test that asked the go
// command instead would be answered from the test cache, which does not know
// what that command has read.
//
// A rule is a function from a tree of sources to the list of places that break
// it. Each stands in the table of TestRules together with small trees that break
// it and one that does not, so that a rule which finds nothing any more is found
// out by TestRulesCanFail.
package archtest
