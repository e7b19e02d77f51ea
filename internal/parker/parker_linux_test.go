package parker

import "time"

func (s *sleeper) more() {
	s.ways = append(s.ways, s.Park, func(d time.Duration) bool {
		if !s.Enter(Elsewhere) {
			return true
		}
		if d < 0 {
			<-s.rung
		} else {
			select {
			case <-s.rung:
			case <-time.After(d):
			}
		}
		return s.Leave()
	})
}
