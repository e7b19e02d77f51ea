package browser

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromium returns the browser, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	if name := os.Getenv("FIBERS_BROWSER"); name != "" {
		return name
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium is here; install it, or name it in FIBERS_BROWSER")
	return ""
}

// program starts one of the programs of package inspect's testdata and returns the
// address of its page.
func program(t *testing.T, name string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", exe, "./runtime/inspect/testdata/"+name)
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "GOPS_CONFIG_DIR="+t.TempDir())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line) + "/debug/fibers"
}

// page opens a browser, and notes what it asks for.
func page(t *testing.T) (ctx context.Context, asked *[]string) {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	asked = new([]string)
	chromedp.ListenTarget(ctx, func(ev any) {
		if r, ok := ev.(*network.EventRequestWillBeSent); ok {
			*asked = append(*asked, r.Request.URL)
		}
	})
	return ctx, asked
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// picture leaves a picture, if that is wanted.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("FIBERS_SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	do(t, ctx, chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// until waits until the expression is true.
func until(what string) chromedp.Action {
	return chromedp.Poll(what, nil, chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))
}

// Each of the programs is named by the first line of the page, which comes by itself,
// wide, narrow and dark, with nothing cut off and nothing asked of another host.
func TestThePageNamesTheCulprit(t *testing.T) {
	for name, want := range map[string]string{
		"deadlock": "2 fibers in a deadlock", "lostput": "producer", "leak": "main.handle", "hogs": "main.spin", "heldlock": "10000 fibers wait", "heartbeat": "heartbeat",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, asked := page(t)
			url := program(t, name)
			first := `document.querySelector("#verdicts li").textContent`
			do(t, ctx, network.Enable(), chromedp.EmulateViewport(1280, 900), chromedp.Navigate(url),
				until(first+`.includes("`+want+`")`), until(`Number(document.body.dataset.events) >= 2`))
			for _, w := range []int64{1280, 420} {
				var over float64
				do(t, ctx, chromedp.EmulateViewport(w, 900), chromedp.Evaluate(`document.documentElement.scrollWidth - innerWidth`, &over))
				if over > 0 {
					t.Errorf("at %d pixels the page is %v too wide", w, over)
				}
				picture(t, ctx, name+map[int64]string{1280: "-wide", 420: "-narrow"}[w])
			}
			do(t, ctx, chromedp.EmulateViewport(1280, 900), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
			var dark string
			do(t, ctx, chromedp.Evaluate(`getComputedStyle(document.documentElement).colorScheme`, &dark))
			if !strings.Contains(dark, "dark") {
				t.Error(dark)
			}
			picture(t, ctx, name+"-dark")
			base := strings.TrimSuffix(url, "/debug/fibers")
			for _, u := range *asked {
				if !strings.HasPrefix(u, base+"/") {
					t.Errorf("it asks for %s", u)
				}
			}
		})
	}
}

// From a group to its fibers, to one fiber; sorted; paused; the address says all.
func TestClicks(t *testing.T) {
	ctx, _ := page(t)
	url := program(t, "deadlock")
	var before, after int
	do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(url), until(`Number(document.body.dataset.events) >= 1`),
		chromedp.Click(`#pause`), until(`document.querySelector("#pause").textContent == "go on"`),
		chromedp.Evaluate(`Number(document.body.dataset.events)`, &before),
		chromedp.Sleep(2500*time.Millisecond), // longer than an event takes
		chromedp.Evaluate(`Number(document.body.dataset.events)`, &after))
	if before != after {
		t.Errorf("%d events while it was paused", after-before)
	}
	for _, step := range []struct{ click, part string }{
		{`#groups td.code a`, "site="}, {`th a[href*="sort=wait"]`, "sort=wait"}, {`td.n a[href*="id="]`, "id="},
	} {
		if _, err := chromedp.RunResponse(ctx, chromedp.Click(step.click)); err != nil {
			t.Fatal(step.click, err)
		}
		var where string
		do(t, ctx, chromedp.Location(&where))
		if !strings.Contains(where, step.part) {
			t.Fatalf("a click on %s leads to %s", step.click, where)
		}
	}
	var shown int
	do(t, ctx, chromedp.Evaluate(`document.querySelectorAll("td.n a[href*='id=']").length`, &shown))
	if shown == 0 {
		t.Error("the fiber is not shown")
	}
}
