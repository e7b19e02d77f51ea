//go:build !linux

package net

import (
	"errors"
	"time"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// The load generator is written for Linux: see needLoad.

func runLoad(harness.ChildTask) (harness.Outcome, error) {
	return harness.Outcome{}, errors.ErrUnsupported
}

func (s *server) cpu() time.Duration { return 0 }

func (s *server) switches() int64 { return 0 }

func (s *server) resident() (int64, error) { return 0, errors.ErrUnsupported }

func descriptorLimit() int { return 0 }
