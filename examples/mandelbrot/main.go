// Mandelbrot draws the Mandelbrot set into a PNG file.
//
// Each row of the picture is an index of a parallel loop. Rows in the middle take
// a hundred times as long as those at the edges: whoever is done takes half of
// what another has left.
//
//	go run ./examples/mandelbrot -o mandelbrot.png
package main

import (
	"flag"
	"image"
	"image/color"
	"image/png"
	"io"
	"log"
	"math"
	"os"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

const steps = 500

// escape returns after how many steps the point c leaves the circle of radius 2,
// or steps, if it has not left it by then.
func escape(c complex128) int {
	z := 0i
	for n := range steps {
		if z = z*z + c; real(z)*real(z)+imag(z)*imag(z) > 4 {
			return n
		}
	}
	return steps
}

// draw computes a picture, in the calling fiber's runtime.
func draw(width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	scale := 3.2 / float64(width)
	parallel.For(0, height, 1, func(y, _ int) {
		for x := range width {
			c := complex(float64(x)*scale-2.3, (float64(y)-float64(height)/2)*scale)
			picture.SetRGBA(x, y, shade(escape(c)))
		}
	})
	return picture
}

// shade gives each number of steps a colour; the set itself is black.
func shade(n int) color.RGBA {
	if n == steps {
		return color.RGBA{A: 255}
	}
	t := math.Sqrt(float64(n) / steps)
	wave := func(phase float64) uint8 { return uint8(127.5 - 127.5*math.Cos(2*math.Pi*(t+phase))) }
	return color.RGBA{wave(0.05), wave(0.15), wave(0.30), 255}
}

// run draws a picture and writes it to w.
func run(w io.Writer, width, height int) error {
	var picture *image.RGBA
	if err := fibers.Run(func() { picture = draw(width, height) }); err != nil {
		return err
	}
	return png.Encode(w, picture)
}

func main() {
	name := flag.String("o", "mandelbrot.png", "the `file` to write")
	width := flag.Int("width", 1280, "of the picture")
	height := flag.Int("height", 960, "of the picture")
	flag.Parse()
	file, err := os.Create(*name)
	if err != nil {
		log.Fatal(err)
	}
	if err := run(file, *width, *height); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}
