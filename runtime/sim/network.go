package sim

// A network is what the hosts of a run are on.
type network struct{ r *run }

func newNetwork(r *run) *network { return &network{r: r} }

func (n *network) close() {}
