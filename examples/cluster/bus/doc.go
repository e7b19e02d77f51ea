// Package bus makes operations of what comes and goes over NATS: messages of a stream,
// their acknowledgements, requests and their withdrawal, watches of a key-value bucket.
// They stand in choices beside channels, timers and locks of the process.
//
// # Roles
//
// A Conn is one connection to a server of NATS or to a cluster of them. Messages are what
// a consumer of a stream hands out, for as many parties as want some. Request asks a
// Service, in whatever process that runs. A Watcher follows keys of a bucket. All may be
// used by fibers and goroutines at once.
//
//	messages, err := bus.Consume(conn, consumer, bus.Options{})
//	…
//	cml.Select(
//		cml.On(messages.NextOp(), func(m cml.Item[*bus.Message]) { … m.Value.Ack() … }),
//		cml.On(local.GetOp(), func(v int) { … }),
//		cml.On(fibers.After(time.Second), func(time.Time) { … }),
//	)
//
// # What is guaranteed
//
//   - A performance of NextOp that loses takes no message. One that was on its way to it is
//     for the next party here; if nobody wants it for a while (Options.Hold) it goes
//     back to the stream, for whichever process asks.
//   - A message that was taken and not acknowledged is delivered again, after the AckWait
//     of its consumer. Never is one lost; more than one delivery is possible.
//   - A request that loses is withdrawn: its service, if it is still at it, has its context
//     cancelled. It is a word sent once: who needs it to arrive takes a stream.
//   - A guard or a try in these ops never waits for the network: what is to be sent goes
//     to a queue, and a goroutine sends.
//   - When the connection breaks, requests that are under way fail with ErrUnknown, as nobody
//     can know here whether they have been carried out. Messages and Watcher go on when
//     it is back.
//
// # What is where
//
//	conn.go      the connection; what is sent; calls that wait for a reply
//	request.go   requests as ops
//	service.go   who answers requests
//	mailbox.go   where what comes from outside meets those who wait for it (FromSource)
//	messages.go  messages of a consumer: pulled as they are wanted
//	message.go   one message and its acknowledgement
//	publish.go   publishing to a stream, once
//	subscribe.go plain subscriptions, which may lose
//	watch.go     keys of a bucket
//
// The client library has goroutines of its own, three for a connection and one for a
// subscription; they do the I/O, and fibers meet them here.
package bus
