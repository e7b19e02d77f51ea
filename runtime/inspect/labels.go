package inspect

import (
	"os"
	"strings"
)

const (
	godebug        = "GODEBUG"
	labelsSetting  = "tracebacklabels"
	labelsSettings = labelsSetting + "=1"
)

// showLabels makes tracebacks show the labels of goroutines, and with them the
// names of fibers, by a setting in GODEBUG, which the Go runtime reads again
// whenever it is set. What is there stays there, and an explicit tracebacklabels
// is left as it is. The function returned restores the variable, unless
// somebody else has set it meanwhile.
func showLabels() (restore func(), err error) {
	old, had := os.LookupEnv(godebug)
	for s := range strings.SplitSeq(old, ",") {
		if key, _, _ := strings.Cut(s, "="); key == labelsSetting {
			return func() {}, nil
		}
	}
	set := labelsSettings
	if old != "" {
		set = old + "," + labelsSettings
	}
	if err := os.Setenv(godebug, set); err != nil {
		return nil, err
	}
	return func() {
		if os.Getenv(godebug) != set {
			return
		}
		// Neither can fail with this key and these values.
		if had {
			_ = os.Setenv(godebug, old)
		} else {
			_ = os.Unsetenv(godebug)
		}
	}, nil
}
