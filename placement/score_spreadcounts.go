package placement

import "github.com/berthsim/berth/internal/borrow"

// spreadCounts are the pods on each node that the constraints of a workload count which
// only affect scores. They follow the changes of the room, as the question does that
// they belong to.
type spreadCounts struct {
	constraints []spread
	strict      bool
	among       [][]uint64 // by constraint: the nodes whose pods count
	kinds       [][]int    // by kind: the constraints that count its pods
	pods        [][]int64  // by constraint, then position
}

// follow returns the question about a workload, which has read all changes of the room.
func (r *room) follow(w *Workload) *question {
	q := r.questions[w]
	if q == nil {
		q = newQuestion(r, w)
		if r.questions == nil {
			r.questions = questions{}
		}
		r.questions[w] = q
	}
	q.catchUp(r)
	return q
}

// spreadCounts returns what the workload's constraints count in the room now.
func (r *room) spreadCounts(w *Workload) *spreadCounts {
	q := r.follow(w)
	if q.soft == nil {
		q.soft = r.newSpreadCounts(w)
	}
	return q.soft
}

func (r *room) newSpreadCounts(w *Workload) *spreadCounts {
	c := &spreadCounts{}
	c.constraints, c.strict = w.softSpreads(borrow.From(r.cluster))
	var keys []spread // topology keys that a node must have
	if c.strict {
		keys = c.constraints
	}
	for i := range c.constraints {
		c.among = append(c.among, r.included(w, keys, &c.constraints[i]))
		c.pods = append(c.pods, make([]int64, r.len()))
	}
	wanted := make([]bool, len(r.kinds.list()))
	for kind := range wanted {
		wanted[kind] = len(c.counting(r, w, int32(kind))) > 0
	}
	for kind, p := range r.presence(wanted) {
		c.count(r, w, change{int32(kind), p.position, p.pods})
	}
	return c
}

// count follows a change.
func (c *spreadCounts) count(r *room, w *Workload, x change) {
	if c == nil {
		return
	}
	for _, i := range c.counting(r, w, x.kind) {
		c.pods[i][x.position] += int64(x.pods)
	}
}

// counting returns the constraints that count a kind's pods.
func (c *spreadCounts) counting(r *room, w *Workload, kind int32) []int {
	if int(kind) >= len(c.kinds) {
		for _, k := range r.kinds.list()[len(c.kinds):] {
			var in []int
			for i := range c.constraints {
				if c.constraints[i].counts(k, w.pod.Namespace) {
					in = append(in, i)
				}
			}
			c.kinds = append(c.kinds, in)
		}
	}
	return c.kinds[kind]
}
