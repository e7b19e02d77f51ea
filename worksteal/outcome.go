package worksteal

import "strconv"

// Outcome says how one attempt to steal ended.
type Outcome uint8

const (
	// Empty: there was nothing to take at one moment during the call.
	Empty Outcome = iota
	// Got: an element was taken.
	Got
	// Lost: somebody else was faster. There may be more: try again, here or
	// elsewhere.
	Lost
)

// String returns the name of o.
func (o Outcome) String() string {
	switch o {
	case Empty:
		return "Empty"
	case Got:
		return "Got"
	case Lost:
		return "Lost"
	}
	return "Outcome(" + strconv.Itoa(int(o)) + ")"
}
