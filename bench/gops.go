package main

import "github.com/seed222ee791/fibers/runtime/inspect"

// serve is -gops: the gops agent, and fiber names as labels in its stacks.
func serve() (stop func(), err error) { return inspect.Start() }
