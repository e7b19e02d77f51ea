//go:build linux

package interop

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// observeFibers has the meter observe what all runtimes do, whenever somebody collects.
// It is what a program has to add for OpenTelemetry: the module itself does not depend
// on it.
func observeFibers(meter metric.Meter) error {
	alive, err1 := meter.Int64ObservableGauge("fibers.alive", metric.WithDescription("Fibers that are alive."))
	spawned, err2 := meter.Int64ObservableCounter("fibers.spawned", metric.WithDescription("Fibers made."))
	late, err3 := meter.Float64ObservableGauge("fibers.wake_up.p99", metric.WithUnit("s"),
		metric.WithDescription("From when a sleeping scheduler was called until it came, the 99th percentile."))
	_, err4 := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for i, rt := range fibers.Runtimes() {
			st := rt.Stats()
			of := attribute.Int("runtime", i)
			o.ObserveInt64(alive, int64(st.Fibers), metric.WithAttributes(of))
			o.ObserveInt64(spawned, int64(st.Spawned), metric.WithAttributes(of))
			for _, s := range st.Schedulers {
				o.ObserveFloat64(late, s.WakeUps.Quantile(0.99).Seconds(),
					metric.WithAttributes(of, attribute.String("scheduler", strconv.Itoa(s.Index))))
			}
		}
		return nil
	}, alive, spawned, late)
	return errors.Join(err1, err2, err3, err4)
}

// The counters of all runtimes as instruments of OpenTelemetry.
func Example_openTelemetry() {
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	defer provider.Shutdown(context.Background())
	if err := observeFibers(provider.Meter("fibers")); err != nil {
		fmt.Println(err)
		return
	}
	err := fibers.Run(func() {
		var all metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &all); err != nil {
			fmt.Println(err)
			return
		}
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				fmt.Println(m.Name)
			}
		}
	})
	fmt.Println(err)
	// Output:
	// fibers.alive
	// fibers.spawned
	// fibers.wake_up.p99
	// <nil>
}
