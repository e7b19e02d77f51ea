//go:build !linux

package main

import (
	"errors"
	"time"
)

// The load generator is written for Linux: see needLoad.

func runLoad(errand) (outcome, error) { return outcome{}, errors.ErrUnsupported }

func (s *server) cpu() time.Duration { return 0 }

func (s *server) resident() (int64, error) { return 0, errors.ErrUnsupported }

func descriptorLimit() int { return 0 }
