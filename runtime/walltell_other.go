//go:build !linux

package runtime

import "errors"

func openClockTeller() (clockTeller, error) { return nil, errors.ErrUnsupported }
