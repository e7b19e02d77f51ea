package timerwheel_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/seed222ee791/fibers/timerwheel"
)

// BenchmarkCancel schedules a timer and cancels it, beside others that stand.
func BenchmarkCancel(b *testing.B) {
	for _, standing := range []int{0, 1_000, 1_000_000} {
		b.Run(fmt.Sprintf("standing=%d", standing), func(b *testing.B) {
			w := timerwheel.New(0)
			for i := range standing {
				w.Schedule(new(timerwheel.Timer), Tick(1_000_000+i))
			}
			var t timerwheel.Timer
			i := Tick(0)
			b.ReportAllocs()
			for b.Loop() {
				i++
				w.Schedule(&t, 1000+i%100_000)
				w.Cancel(&t)
			}
		})
	}
}

// BenchmarkFire schedules timers at random, within a range, and lets them fire.
func BenchmarkFire(b *testing.B) {
	for _, within := range []uint64{200, 50_000, 1 << 30} {
		b.Run(fmt.Sprintf("within=%d", within), func(b *testing.B) {
			const n = 10_000
			w := timerwheel.New(0)
			timers := make([]timerwheel.Timer, n)
			now := Tick(0)
			b.ReportAllocs()
			for b.Loop() {
				for i := range timers {
					w.Schedule(&timers[i], now+Tick(rand.Uint64N(within)))
				}
				now += Tick(within)
				w.Advance(now, 0, func(*timerwheel.Timer) {})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/timer")
		})
	}
}

// BenchmarkNext asks for the next timer after cancelling the first, of a million
// timeouts that were scheduled in their order.
func BenchmarkNext(b *testing.B) {
	const n = 1_000_000
	w := timerwheel.New(0)
	timers := make([]timerwheel.Timer, n)
	now := Tick(0)
	for i := range timers {
		now++
		w.Schedule(&timers[i], now+30_000_000)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		w.Cancel(&timers[i])
		w.Next()
		now++
		w.Schedule(&timers[i], now+30_000_000)
		if i++; i == n {
			i = 0
		}
	}
}
