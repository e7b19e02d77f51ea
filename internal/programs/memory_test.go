package programs_test

import (
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A fiber that was woken, and has only to end, does not wait behind all that have
// not begun: the stacks alive are as many as the computation is deep, not wide.
func TestRPCFibNeedsFewStacks(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	if err := rt.Run(func() { rpcFib(20) }); err != nil {
		t.Fatal(err)
	}
	// 400; with spawned fibers first, 6000.
	if n := rt.Stats().Coroutines; n > 2000 {
		t.Errorf("%d coroutines are left of 21891 fibers", n)
	}
}
