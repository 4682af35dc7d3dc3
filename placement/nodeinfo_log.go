package placement

// change is a number of pods that came to a node, or went.
type change struct{ kind, position, pods int32 }

// changeLog is what has changed in a room: since it had the pods of its base, or
// without one since its questions last read all of it.
type changeLog []change

// longestLog is how long the log of a room without a base becomes before its
// questions read it.
const longestLog = 1 << 12

// note logs a change where somebody needs to know of it.
func (r *Room) note(c change) {
	if r.base == nil && len(r.questions) == 0 {
		return
	}
	r.log = append(r.log, c)
	if r.base == nil && len(r.log) >= longestLog {
		r.questions.catchUp(r)
		r.log = r.log[:0]
	}
}
