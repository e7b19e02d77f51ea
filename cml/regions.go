package cml

// What user code has to be told of how a performance ended: nacks, hooks, and the withdraw
// functions of NewOp. Guards enter the regions (guard.go); whoever ends the performance
// settles them.

// A rare is what few performances have.
type rare struct {
	regions []region
	undos   []func() // the withdraw functions of NewOp that are to be called
}

// A region is what has to know whether one of a range of leaves was chosen.
type region struct {
	lo, hi int // leaves; hi is below lo while the range is not known yet
	nack   *Cond
	abort  func() // to be called if it was not chosen
	won    *bool
	leave  func() // to be called if it was, but the performer never gets to its value
}

func (r *region) covers(index int) bool { return r.lo <= index && index < r.hi }

// uncommon returns the rare part.
func (p *performance) uncommon() *rare {
	if p.rare == nil {
		p.rare = &rare{}
	}
	return p.rare
}

//go:noinline
func (p *performance) finishRegions(index int) {
	regions := p.rare.regions
	p.release()
	settle(regions, index, false)
}

// settle tells the regions which leaf was chosen. All nacks are ready before the
// first hook runs, and every hook runs, whatever the others do.
func settle(regions []region, index int, failed bool) {
	for i := range regions {
		switch r := &regions[i]; {
		case r.covers(index):
			if r.won != nil {
				*r.won = true
			}
		case r.nack != nil:
			r.nack.Signal()
		}
	}
	callHooks(regions, index, failed)
}

func callHooks(regions []region, index int, failed bool) {
	i := 0
	defer func() {
		if i < len(regions) {
			callHooks(regions[i+1:], index, failed)
		}
	}()
	for ; i < len(regions); i++ {
		switch r := &regions[i]; {
		case !r.covers(index):
			if r.abort != nil {
				r.abort()
			}
		case failed && r.leave != nil:
			r.leave()
		}
	}
}

// undo calls the withdraw functions. If one of them panics or exits, that is the
// end of the performance, of which the leaf index was chosen.
func (p *performance) undo(index int) {
	returned := false
	defer func() {
		p.rare.undos = nil
		if !returned {
			p.fail(index)
		}
	}()
	callAll(p.rare.undos)
	returned = true
}

// callAll calls all of fs, whatever the others do.
func callAll(fs []func()) {
	i := 0
	defer func() {
		if i < len(fs) {
			callAll(fs[i+1:])
		}
	}()
	for ; i < len(fs); i++ {
		fs[i]()
	}
}
