//go:build linux

package interop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/lib/pq"
)

var postgres = &program{
	name: "PostgreSQL", debian: "postgresql", binary: "initdb", places: []string{"/usr/lib/postgresql/*/bin"},
	prepare: func(p *program) *exec.Cmd {
		return exec.Command(p.path, "-D", p.dir+"/data", "-U", "interop", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	},
	command: func(p *program) *exec.Cmd {
		return exec.Command(p.sibling("postgres"), "-D", p.dir+"/data", "-p", strconv.Itoa(p.port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+p.dir,
			"-c", "max_connections=100", "-c", "fsync=off", "-c", "synchronous_commit=off")
	},
	ready: func(addr string) error {
		c, err := pgx.Connect(context.Background(), postgresURL(addr))
		if err == nil {
			c.Close(context.Background())
		}
		return err
	},
}

func postgresURL(addr string) string {
	return "postgres://interop@" + addr + "/postgres?sslmode=disable&connect_timeout=10"
}

func runningPostgres(*checked, *side) service { return postgres }

// A pgxPool's connections are dialed by a side.
func openPgxPool(s *side, addr string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(postgresURL(addr))
	if err != nil {
		return nil, err
	}
	config.MaxConns = pooled
	config.ConnConfig.DialFunc = s.dial
	return pgxpool.NewWithConfig(context.Background(), config)
}

func openPgx(s *side, addr string) (*client, error) {
	pool, err := openPgxPool(s, addr)
	if err != nil {
		return nil, err
	}
	return &client{
		echo: func(ctx context.Context, word string) (got string, err error) {
			err = pool.QueryRow(ctx, "select $1::text", word).Scan(&got)
			return got, err
		},
		slow: func(ctx context.Context) error {
			_, err := pool.Exec(ctx, "select pg_sleep(100)")
			return err
		},
		close: pool.Close,
	}, nil
}

// pqDialer fits what lib/pq wants for dialing.
type pqDialer struct{ s *side }

func (d pqDialer) Dial(network, addr string) (net.Conn, error) {
	return d.s.dial(context.Background(), network, addr)
}
func (d pqDialer) DialTimeout(network, addr string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.s.dial(ctx, network, addr)
}
func (d pqDialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.s.dial(ctx, network, addr)
}

func openPq(s *side, url string) (*sql.DB, error) {
	connector, err := pq.NewConnector(url)
	if err != nil {
		return nil, err
	}
	connector.Dialer(pqDialer{s})
	db := sql.OpenDB(connector)
	limit(db)
	return db, nil
}

// limit makes a pool of db.
func limit(db *sql.DB) {
	db.SetMaxOpenConns(pooled)
	db.SetMaxIdleConns(pooled)
}

// sqlClient is the client of a database/sql driver.
func sqlClient(db *sql.DB, echo, slow string) *client {
	return &client{
		echo: func(ctx context.Context, word string) (got string, err error) {
			err = db.QueryRowContext(ctx, echo, word).Scan(&got)
			return got, err
		},
		slow: func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, slow)
			return err
		},
		close: func() { db.Close() },
	}
}

func openPqClient(s *side, addr string) (*client, error) {
	db, err := openPq(s, postgresURL(addr))
	if err != nil {
		return nil, err
	}
	return sqlClient(db, "select $1::text", "select pg_sleep(100)"), nil
}

func TestPgxPool(t *testing.T)     { testClient(t, runningPostgres, openPgx, postgres) }
func TestDatabaseSQL(t *testing.T) { testClient(t, runningPostgres, openPqClient, postgres) }

// Pgx by itself: prepared statements, batches, COPY, LISTEN and NOTIFY, large values,
// over a unix socket.
func TestPgx(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		ctx, cancel := context.WithTimeout(context.Background(), patience/2)
		defer cancel()
		connect := func() *pgx.Conn {
			config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=interop database=postgres sslmode=disable", postgres.dir, postgres.port))
			if err != nil {
				t.Fatal(err)
			}
			config.DialFunc = s.dial
			c, err := pgx.ConnectConfig(ctx, config)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		c, listener := connect(), connect()
		defer c.Close(context.Background())
		defer listener.Close(context.Background())

		if _, err := c.Exec(ctx, "create temporary table squares (n int, square bigint)"); err != nil {
			t.Fatal(err)
		}
		const rows = 5000
		n, err := c.CopyFrom(ctx, pgx.Identifier{"squares"}, []string{"n", "square"}, pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
			return []any{i, i * i}, nil
		}))
		if err != nil || n != rows {
			t.Fatal("copied: ", n, err)
		}
		read, err := c.Query(ctx, "select n, square from squares order by n")
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for ; read.Next(); got++ {
			var n, square int
			if err := read.Scan(&n, &square); err != nil || n != got || square != n*n {
				t.Fatal(n, square, err)
			}
		}
		if read.Err() != nil || got != rows {
			t.Fatal("read: ", got, read.Err())
		}

		var batch pgx.Batch
		for i := range 300 {
			batch.Queue("select square from squares where n = $1", i)
		}
		results := c.SendBatch(ctx, &batch)
		for i := range 300 {
			var square int
			if err := results.QueryRow().Scan(&square); err != nil || square != i*i {
				t.Fatal("batch: ", i, square, err)
			}
		}
		if err := results.Close(); err != nil {
			t.Fatal(err)
		}

		large := strings.Repeat("0123456789abcdef", 1<<18) // 4 MiB, much more than the sockets hold
		var back string
		if err := c.QueryRow(ctx, "select $1::text || 'x'", large).Scan(&back); err != nil || back != large+"x" {
			t.Fatal("large: ", len(back), err)
		}

		if _, err := listener.Exec(ctx, "listen interop"); err != nil {
			t.Fatal(err)
		}
		told := s.start(func() { c.Exec(ctx, "notify interop, 'hello'") })
		note, err := listener.WaitForNotification(ctx)
		<-told
		if err != nil || note.Payload != "hello" {
			t.Fatal("notification: ", note, err)
		}
		short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
		defer stop()
		if _, err := listener.WaitForNotification(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal("no notification: ", err)
		}
	}, postgres)
}

// Transactions of 50 parties on a pool: what is moved from account to account is
// neither lost nor made.
func TestDatabaseSQLTransactions(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		db, err := openPq(s, postgresURL(postgres.addr()))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		const accounts = 20
		for _, q := range []string{
			"drop table if exists accounts",
			"create table accounts (id int primary key, balance int not null)",
			fmt.Sprintf("insert into accounts select i, 100 from generate_series(0, %d) i", accounts-1),
		} {
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		move := func(from, to int) error {
			tx, err := db.Begin()
			if err != nil {
				return err
			}
			defer tx.Rollback()
			for _, id := range []int{min(from, to), max(from, to)} { // in this order, so that none is a victim of deadlock
				by := 1
				if id == from {
					by = -1
				}
				if _, err := tx.Exec("update accounts set balance = balance + $1 where id = $2", by, id); err != nil {
					return err
				}
			}
			if (from+to)%5 == 0 {
				return nil // rolled back
			}
			return tx.Commit()
		}
		err = crowd(s, 50, func(p int) error {
			for i := range 5 {
				if err := move(p%accounts, (p+1+i)%accounts); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		var sum int
		if err := db.QueryRow("select sum(balance) from accounts").Scan(&sum); err != nil || sum != 100*accounts {
			t.Error("the sum is ", sum, err)
		}
	}, postgres)
}

var postgresRows = []row{
	{name: "pgx, a connection each", program: postgres, measure: func(s *side, addr string, l load) (sample, error) {
		const parties = 50
		config, err := pgx.ParseConfig(postgresURL(addr))
		if err != nil {
			return sample{}, err
		}
		config.DialFunc = s.dial
		conns := make([]*pgx.Conn, parties)
		return l.closedLoop(s, parties, func(p int) (err error) {
			if conns[p] == nil {
				if conns[p], err = pgx.ConnectConfig(context.Background(), config); err != nil {
					return err
				}
			}
			var got int
			if err = conns[p].QueryRow(context.Background(), "select $1::int", p).Scan(&got); err == nil && got != p {
				err = fmt.Errorf("got %d, want %d", got, p)
			}
			return err
		})
	}},
	{name: "pgxpool, 200 on 16", program: postgres, measure: measureClient(200, openPgx)},
	{name: "database/sql + lib/pq, 200 on 16", program: postgres, measure: measureClient(200, openPqClient)},
}

// measureClient has so many parties make round trips by one client.
func measureClient(parties int, open func(s *side, addr string) (*client, error)) func(s *side, addr string, l load) (sample, error) {
	return func(s *side, addr string, l load) (sample, error) {
		c, err := open(s, addr)
		if err != nil {
			return sample{}, err
		}
		return l.closedLoop(s, parties, func(p int) error { return c.ask(context.Background(), strconv.Itoa(p)) })
	}
}
