package poll

import (
	"os"
	"os/signal"
	"sync"

	"github.com/seed222ee791/fibers/cml"
)

// Signals are the signals that this process gets from now on, of those asked for.
type Signals struct {
	c     chan os.Signal
	queue *cml.Queue[os.Signal]
	once  sync.Once // of Close
}

// signalsKept is how many signals wait to be got; more are lost, as signals are.
const signalsKept = 64

// NotifySignals returns the signals of these kinds, as signal.Notify does: they no longer
// do what they would. None means all.
func NotifySignals(kinds ...os.Signal) *Signals {
	s := &Signals{c: make(chan os.Signal, signalsKept), queue: cml.NewQueue[os.Signal](signalsKept)}
	signal.Notify(s.c, kinds...)
	go func() {
		for sig := range s.c {
			cml.Poll(s.queue.PutOp(sig))
		}
		s.queue.Close(nil)
	}()
	return s
}

// Get waits for the next signal; after Close, when there is none left, it is nil.
func (s *Signals) Get() os.Signal { return cml.Perform(s.GetOp()) }

// GetOp returns the operation that gets the next signal: see Get.
func (s *Signals) GetOp() cml.Op[os.Signal] {
	return cml.Wrap(s.queue.GetOp(), func(i cml.Item[os.Signal]) os.Signal { return i.Value })
}

// Close ends the notification. A second Close does nothing.
func (s *Signals) Close() {
	s.once.Do(func() {
		signal.Stop(s.c)
		close(s.c)
	})
}
