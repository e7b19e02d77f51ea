// Package browser tests the page of package inspect in a real browser, headless
// Chromium. It is a module of its own, so that nobody who uses fibers needs what drives
// the browser.
//
//	cd runtime/inspect/browser && go test ./...
//
// Without Chromium the tests are skipped, unless FIBERS_BROWSER is set, which names it:
// then they must run. With FIBERS_SCREENSHOTS set to a directory, they leave pictures
// there: wide, narrow and dark.
package browser
