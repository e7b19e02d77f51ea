//go:build unix

package inspect_test

import (
	"fmt"

	"github.com/seed222ee791/fibers/runtime/inspect"
)

// What the fibers do is said when somebody presses Ctrl-\, before Go's own stacks.
func ExampleWithQuitReport() {
	stop, err := inspect.Start(inspect.WithQuitReport())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	fmt.Println("kill -QUIT tells")
	// Output: kill -QUIT tells
}
