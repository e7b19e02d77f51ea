// Fanin listens to several speakers at once.
//
// In Go a fan-in is a goroutine for each source that copies into one channel. A
// choice of the sources is the same without them: it is an op like each of its
// parts, it can be handed on, and it copies nothing before somebody listens.
//
//	go run ./examples/gopatterns/fanin
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

type remark struct {
	speaker string
	text    int
}

// speak returns an op that is ready when the speaker has something to say:
// 1, 2, 3 and so on, times times.
func speak(speaker string, times int) cml.Op[remark] {
	mouth := cml.NewChan[int]()
	fibers.Go(func() {
		for i := range times {
			mouth.Put(i + 1)
		}
	})
	return cml.Wrap(mouth.GetOp(), func(text int) remark { return remark{speaker, text} })
}

func run(w io.Writer, opts ...fibers.Option) error {
	return fibers.Run(func() {
		const times = 5
		speakers := []string{"ann", "bob", "cyd"}
		var sources []cml.Op[remark]
		for _, name := range speakers {
			sources = append(sources, speak(name, times))
		}
		anybody := cml.Choice(sources...)
		heard := map[string][]int{}
		for range times * len(speakers) {
			r := cml.Perform(anybody) // who comes first is not certain
			heard[r.speaker] = append(heard[r.speaker], r.text)
		}
		for _, name := range speakers {
			fmt.Fprintln(w, name, heard[name]) // what each said first is
		}
	}, opts...)
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}
