package cml

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
)

// What operations tell a simulation (package runtime/sim): that they are about to
// look at an object, before they do, and that they have woken somebody, after that
// and with no lock held. In between, nobody else runs. Every exported verb that can
// wait, or that others may wait for, tells; those that commit without a word to the
// scheduler go the slower way for it.

// pointAt is called before an operation on obj that may wait.
func pointAt[T any](obj object[T], k kind) {
	if simhook.Current() != nil {
		simhook.Point(obj.simulatedName(k), pointerOf(obj))
	}
}

// pointOf is called before op is performed.
func pointOf[T any](op Op[T]) {
	if simhook.Current() == nil {
		return
	}
	switch op := any(op).(type) {
	case interface {
		simulated() (string, unsafe.Pointer)
	}:
		simhook.Point(op.simulated())
	default:
		h := any(op).(interface{ about() *head }).about()
		switch {
		case h.word == nil || h.traits.has(asks):
			simhook.Point("Perform", nil)
		case h.side == putting:
			simhook.Point("Chan.Put", unsafe.Pointer(h.word))
		default:
			simhook.Point("Chan.Get", unsafe.Pointer(h.word))
		}
	}
}

// simulated names the operation and its object.
func (op *chanPut[T]) simulated() (string, unsafe.Pointer) {
	return "Chan.Put", unsafe.Pointer(op.word)
}

func (op *chanGet[T]) simulated() (string, unsafe.Pointer) {
	return "Chan.Get", unsafe.Pointer(op.word)
}

func (op *objectOp[T]) simulated() (string, unsafe.Pointer) {
	return op.obj.simulatedName(op.kind), pointerOf(op.obj)
}

func (op *choice[T]) simulated() (string, unsafe.Pointer) { return "Choice", nil }

func (op *doneOp) simulated() (string, unsafe.Pointer) { return "Done", nil }

func (op *sourceOp[T]) simulated() (string, unsafe.Pointer) {
	name := fmt.Sprintf("%T", op.src)
	name = name[strings.LastIndexByte(name, '.')+1:]
	return strings.TrimSuffix(name, "Source"), nil
}

// pointerOf returns the address of an object.
func pointerOf[T any](obj object[T]) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&obj))[1]
}

// putOrGet returns the name of an operation of kind k on something that is filled and emptied.
func putOrGet(k kind, put, get string) string {
	if k == kindPut {
		return put
	}
	return get
}

var mvarNames = [...]string{kindGet: "MVar.Take", kindPut: "MVar.Put", kindRead: "MVar.Read", kindSwap: "MVar.Swap", kindModify: "MVar.Modify"}

// seed returns a random number, of a simulation from its seed.
func seed() uint64 {
	if simhook.On() {
		if r, ok := simhook.Random(); ok {
			return r
		}
	}
	return rand.Uint64()
}

// afterFunc is context.AfterFunc; in a simulation f is called in it.
func afterFunc(ctx context.Context, f func()) (stop func() bool) {
	if simhook.On() {
		if stop, ok := simhook.AfterFunc(ctx, f); ok {
			return stop
		}
	}
	return context.AfterFunc(ctx, f)
}
