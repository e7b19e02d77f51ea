//go:build linux

package interop

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

var redisServer = &program{
	name: "Redis", debian: "redis-server", binary: "redis-server",
	command: func(p *program) *exec.Cmd {
		return exec.Command(p.path, "--bind", "127.0.0.1", "--port", strconv.Itoa(p.port), "--save", "", "--appendonly", "no", "--dir", p.dir)
	},
	ready: func(addr string) error {
		c := openGoRedis(&side{}, addr)
		defer c.Close()
		return c.Ping(context.Background()).Err()
	},
}

func runningRedis(*checked, *side) service { return redisServer }

func openGoRedis(s *side, addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: addr, Dialer: s.dial, PoolSize: pooled, ContextTimeoutEnabled: true,
		PoolTimeout:              30 * time.Second, // a crowd waits for longer than its default where -race is on
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

func openRedis(s *side, addr string) (*client, error) {
	c := openGoRedis(s, addr)
	return &client{
		echo: func(ctx context.Context, word string) (string, error) { return c.Echo(ctx, word).Result() },
		slow: func(ctx context.Context) error {
			return c.BLPop(ctx, 100*time.Second, "nobody pushes here").Err()
		},
		close: func() { c.Close() },
		deaf:  true,
	}, nil
}

// quiet is the log of go-redis: that connections break is what is tested.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(quiet{}) }

func TestRedis(t *testing.T) { testClient(t, runningRedis, openRedis, redisServer) }

// Pipelines, transactions that are tried again, and what is published comes in order.
func TestRedisMore(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		ctx, cancel := context.WithTimeout(context.Background(), patience/2)
		defer cancel()
		c := openGoRedis(s, redisServer.addr())
		defer c.Close()
		c.FlushAll(ctx)

		answers, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for range 1000 {
				p.Incr(ctx, "count")
			}
			return nil
		})
		if err != nil || answers[999].(*redis.IntCmd).Val() != 1000 {
			t.Fatal("pipeline: ", len(answers), err)
		}

		err = crowd(s, 20, func(int) error {
			for {
				err := c.Watch(ctx, func(tx *redis.Tx) error {
					n, err := tx.Get(ctx, "count").Int()
					if err != nil {
						return err
					}
					_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, "count", n+1, 0).Err() })
					return err
				}, "count")
				if err != redis.TxFailedErr {
					return err
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
		if n, err := c.Get(ctx, "count").Int(); n != 1020 {
			t.Error("after the transactions: ", n, err)
		}

		sub := c.Subscribe(ctx, "news")
		defer sub.Close()
		if _, err := sub.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		s.spawn(func() {
			for i := range 500 {
				c.Publish(ctx, "news", fmt.Sprint(i))
			}
		})
		news := sub.Channel()
		for i := range 500 {
			select {
			case m := <-news:
				if m.Payload != fmt.Sprint(i) {
					t.Fatalf("message %d is %q", i, m.Payload)
				}
			case <-ctx.Done():
				t.Fatalf("message %d does not come", i)
			}
		}
	}, redisServer)
}

var redisRows = []row{{name: "go-redis, 200 on 16", program: redisServer, measure: measureClient(200, openRedis)}}
