package placement

// change is a number of pods that came to a node, or went.
type change struct{ kind, position, pods int32 }

// longestLog is how many changes a room notes for its questions before it has
// all of them read.
const longestLog = 1 << 12

// note keeps a change for the questions. When there are many, each question
// reads them, and those that have not been asked meanwhile are forgotten.
func (r *Room) note(c change) {
	r.log = append(r.log, c)
	if r.base != nil || len(r.log) < longestLog {
		return
	}
	for w, q := range r.questions { // any order: each by itself
		if q.read == 0 {
			delete(r.questions, w)
			continue
		}
		q.catchUp(r)
		q.read = 0
	}
	r.log = r.log[:0]
}
