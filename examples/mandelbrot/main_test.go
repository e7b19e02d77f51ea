package main

import (
	"bytes"
	"image/color"
	"image/png"
	"testing"
)

func TestMandelbrot(t *testing.T) {
	const width, height = 160, 120
	var b bytes.Buffer
	if err := run(&b, width, height); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds().Size(); got.X != width || got.Y != height {
		t.Fatalf("the picture is %v", got)
	}
	black := color.RGBAModel.Convert(color.Black)
	inside := 0
	for y := range height {
		for x := range width {
			if color.RGBAModel.Convert(picture.At(x, y)) == black {
				inside++
			}
			// The set is its own mirror image; row 0 has no counterpart.
			if y > 0 && picture.At(x, y) != picture.At(x, height-y) {
				t.Fatalf("the points %d, %d and %d, %d differ", x, y, x, height-y)
			}
		}
	}
	// Its area is 1.5066, a point's (3.2/160)².
	if area := float64(inside) * (3.2 / width) * (3.2 / width); area < 1.4 || area > 1.7 {
		t.Errorf("the area of the set is %.3f", area)
	}
}

func TestEscape(t *testing.T) {
	for c, want := range map[complex128]int{0: steps, -1: steps, 3: 0, 1: 2, 1i: steps} {
		if got := escape(c); got != want {
			t.Errorf("%v escapes after %d steps, not %d", c, got, want)
		}
	}
}
