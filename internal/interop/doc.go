// Package interop holds tests that run other people's software over fibers and
// package poll: database drivers and their servers, message queues, RPC, QUIC,
// SSH, DNS and HTTP. It is a module of its own, so that importers of fibers get
// none of what it needs, and has no code outside its tests.
//
// Each test runs twice: with parties that are fibers and connections of package
// poll, and with goroutines and package net. The second run is the judge of the
// test itself. No fiber here calls fibers.Blocking: what a library does, it does
// as it would in any program.
//
// # What is where
//
//	side_test.go       the two sides
//	check_test.go      no test hangs, none leaves a goroutine or a descriptor
//	server_test.go     programs of others as servers, in temporary directories
//	client_test.go     what is asked of every client: crowd, cancel, time-out, kill
//	load_test.go       the load, with its delays
//	ratio_test.go      fibers and goroutines measured in turns, and the table
//	postgres_test.go … one file for each kind of software
//
// # Running
//
//	go test .                               the tests
//	go test -run Ratios -interop.ratios .   the table
//
// A test whose program is not installed is skipped, and fails where CI is true or
// INTEROP_REQUIRED is set. .ci/interop installs the programs from packages of Debian.
package interop
