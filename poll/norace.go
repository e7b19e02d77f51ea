//go:build !race

package poll

func acquired() {}
func released() {}
