//go:build linux

package interop

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

var mariadb = &program{
	name: "MariaDB", debian: "mariadb-server-core mariadb-client-core", binary: "mariadbd", places: []string{"/usr/sbin"},
	prepare: func(p *program) *exec.Cmd {
		install, err := lookFor("mariadb-install-db", "/usr/bin")
		if err != nil {
			install = "mariadb-install-db" // fails, and says so
		}
		return exec.Command(install, "--no-defaults", "--basedir=/usr", "--datadir="+p.dir+"/data",
			"--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M")
	},
	command: func(p *program) *exec.Cmd {
		return exec.Command(p.path, "--no-defaults", "--datadir="+p.dir+"/data", "--socket="+p.dir+"/s", "--pid-file="+p.dir+"/pid",
			"--bind-address=127.0.0.1", "--port="+strconv.Itoa(p.port), "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0")
	},
	ready: func(addr string) error {
		db, err := openMySQL(&side{}, addr)
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Ping()
	},
}

func runningMariaDB(*checked, *side) service { return mariadb }

func openMySQL(s *side, addr string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "tcp", addr
	config.DialFunc = s.dial
	config.Timeout = 10 * time.Second
	config.InterpolateParams = true
	config.Logger = log.New(ignored{}, "", 0) // connections that break are what is tested
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	limit(db)
	return db, nil
}

type ignored struct{}

func (ignored) Write(p []byte) (int, error) { return len(p), nil }

func openMySQLClient(s *side, addr string) (*client, error) {
	db, err := openMySQL(s, addr)
	if err != nil {
		return nil, err
	}
	return sqlClient(db, "select ?", "select sleep(100)"), nil
}

func TestMariaDB(t *testing.T) { testClient(t, runningMariaDB, openMySQLClient, mariadb) }

// Prepared statements, rows that come in pieces, a value larger than a packet.
func TestMariaDBMore(t *testing.T) {
	onBoth(t, func(t *checked, s *side) {
		ctx, cancel := context.WithTimeout(context.Background(), patience/2)
		defer cancel()
		db, err := openMySQL(s, mariadb.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		prepared, err := db.PrepareContext(ctx, "select cast(? as int) * cast(? as int)")
		if err != nil {
			t.Fatal(err)
		}
		defer prepared.Close()
		err = crowd(s, 50, func(p int) error {
			var got int
			if err := prepared.QueryRowContext(ctx, p, p).Scan(&got); err != nil || got != p*p {
				return fmt.Errorf("%d squared is %d, %v", p, got, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}

		rows, err := db.QueryContext(ctx, "with recursive n as (select 1 as i union all select i + 1 from n where i < 900) select a.i + 1000 * b.i from n a, n b where b.i <= 20 order by b.i, a.i")
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for ; rows.Next(); count++ {
			var got int
			if err := rows.Scan(&got); err != nil || got != count%900+1+1000*(count/900+1) {
				t.Fatalf("row %d is %d, %v", count, got, err)
			}
		}
		if rows.Err() != nil || count != 900*20 {
			t.Error("rows: ", count, rows.Err())
		}

		large := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
		var back string
		if err := db.QueryRowContext(ctx, "select concat(?, 'x')", large).Scan(&back); err != nil || back != large+"x" {
			t.Error("large: ", len(back), err)
		}
	}, mariadb)
}

var mariadbRows = []row{{name: "go-sql-driver/mysql, 200 on 16", program: mariadb, measure: measureClient(200, openMySQLClient)}}
