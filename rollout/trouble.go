package rollout

// trouble is what is wrong with pods of an image, "" being all, on some nodes,
// ascending, none being all.
type trouble struct {
	kind   troubleKind
	image  string
	nodes  []string
	after  stamp  // for crashLoop
	reason string // for rejection
}

type troubleKind uint8

const (
	health troubleKind = iota // an earlier trouble is over
	neverReady
	crashLoop
	noImage
	rejection
)

// befall adds a trouble, and has every pod look at what it means for it.
func (s *Sim) befall(input string, t trouble) {
	s.emit(Event{Kind: Happened, Why: Why{Detail: input}})
	touched := s.touchedBy(&t)
	waits := map[int32]bool{}
	for _, id := range touched {
		waits[id] = s.endLoop(id)
	}
	s.troubles = append(s.troubles[:len(s.troubles):len(s.troubles)], t)
	for _, id := range touched {
		if p := &s.pods[id]; t.kind == crashLoop && p.phase == running && !p.is(terminating) {
			s.beginLoop(id, t.after)
		} else if waits[id] {
			s.becomeUnready(id)
		}
		s.arm(id)
	}
}

// touchedBy lists the pods that a trouble is about.
func (s *Sim) touchedBy(t *trouble) []int32 {
	var touched []int32
	for id := range s.pods {
		if p := &s.pods[id]; p.phase != vacant && p.is(bound) && s.matches(p, t.nodes, t.image) {
			touched = append(touched, int32(id))
		}
	}
	return touched
}

// well is what is wrong with a pod that nothing befell.
var well = &trouble{}

// troubleOf is what is wrong with the pod now: what befell it last.
func (s *Sim) troubleOf(p *pod) *trouble {
	for i := len(s.troubles) - 1; i >= 0; i-- {
		if t := &s.troubles[i]; s.matches(p, t.nodes, t.image) {
			return t
		}
	}
	return well
}

// failsPull says whether the pod cannot start for want of its image, which is
// told once.
func (s *Sim) failsPull(id int32, t *trouble) bool {
	p := &s.pods[id]
	if t.kind != noImage {
		return false
	}
	if !p.is(pulls) {
		p.flags |= pulls
		p.since = s.clock
		s.emitPod(PullFailed, id, Why{Detail: "ErrImagePull"})
	}
	return true
}

// pullTick is when the kubelet pulls again, if that is not in vain.
func (s *Sim) pullTick(p *pod) int32 {
	if s.troubleOf(p).kind == noImage {
		return none
	}
	return s.tickOf(nextPull(int64(p.pullFailedAt()), int64(s.clock)))
}
