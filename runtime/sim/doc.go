// Package sim runs a program of fibers in many schedules.
package sim
