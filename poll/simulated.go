package poll

import "github.com/seed222ee791/fibers/internal/simhook"

// realOnly panics in a simulation (package runtime/sim), which has nothing to do with
// real descriptors.
func realOnly(what string) {
	if simhook.Current() != nil {
		panic("poll: " + what + " inside a simulation: real connections are not in its schedule or its time; use those of package sim, which are net.Conn, net.Listener and net.PacketConn too")
	}
}
