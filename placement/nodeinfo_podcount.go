package placement

// podClassCount is the number of pods of a kind on a node.
type podClassCount struct{ kind, pods int32 }

// place is the number of pods of one kind on a node.
type place struct{ position, pods int32 }

// podCounts is the podClassCounts of a frozen room by kind.
type podCounts struct {
	start  []int32 // by kind, one more than kinds: its places
	places []place // ascending by kind, then position
}

// of returns where the pods of a kind are. A kind newer than the counts is
// nowhere.
func (c *podCounts) of(kind int) []place {
	if kind+1 >= len(c.start) {
		return nil
	}
	return c.places[c.start[kind]:c.start[kind+1]]
}

// change is a change of the number of pods of a kind on a node.
type change struct{ kind, position, pods int32 }

// changeLog lists what has changed in a room since it had the pods of its base.
// In a room without a base it lists what has changed since the questions last
// read the whole list.
type changeLog []change
