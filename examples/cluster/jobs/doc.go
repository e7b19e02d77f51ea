// Package jobs is a queue of jobs over streams of NATS: submitted once, worked on by whichever
// process is there, again if that dies, and with one outcome.
//
// A job has an ID, which who submits it chooses. Its message is in a stream until it has
// been seen to its end; its record is in a bucket, under the ID:
//
//	         claim              claim, by who gets the message when the first has died
//	(none) ───────▶ running 1 ───────────────────────────────────▶ running 2 ──▶ …
//	                    │ finish                                       │ finish
//	                    ▼                                              ▼
//	             done or failed: it never changes any more
//
// J1: each step names the revision of the record that it follows, and the bucket refuses
// it if there is another by now. So of two attempts that both believe to have the job (one
// was cut off, or stopped, and the other got the message) one finishes and the other
// sees that. J2: the message is acknowledged after the record is final, never before: a worker
// that dies in between leaves a message that the next one finds done.
//
// Checked by: TestKilledWorker, TestStoppedWorker, TestWorkStress.
//
// So the outcome is recorded exactly once, while the work may be done more than once.
// What work does elsewhere must bear that: by taking the ID as a key of its own.
//
//	queue.go   the queue: submit, wait for an outcome
//	record.go  the record and its steps
//	work.go    workers
package jobs
