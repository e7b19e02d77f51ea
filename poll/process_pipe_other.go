//go:build !unix

package poll

import "os"

// fileOfPipe makes a File of f.
func fileOfPipe(f *os.File, name string) (*File, error) {
	return newFile(&plainStream{c: f}, name), nil
}
