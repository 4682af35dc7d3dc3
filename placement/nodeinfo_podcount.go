package placement

// podClassCount is how many pods of a kind are on a node.
type podClassCount struct{ kind, pods int32 }

// place is how many pods of one kind are on a node.
type place struct{ position, pods int32 }

// podCounts is the cohorts of a frozen room by kind.
type podCounts struct {
	start  []int32 // by kind, one more than kinds: its places
	places []place // ascending by kind, then position
}

// of gives where a kind is; one that is newer than the census is nowhere.
func (c *podCounts) of(kind int) []place {
	if kind+1 >= len(c.start) {
		return nil
	}
	return c.places[c.start[kind]:c.start[kind+1]]
}

// change is a number of pods that came to a node, or went.
type change struct{ kind, position, pods int32 }

// changeLog is what has changed in a room: since it had the pods of its base, or
// without one since its questions last read all of it.
type changeLog []change
