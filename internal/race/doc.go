// Package race says whether the race detector is on. It is for tests, which then do less of the same, as everything
// takes ten times as long; and for code that the detector must not see: see each use. What a program
// does is the same with it.
package race
