package rollout

import "bytes"

// watchDeployment is Watch for a Deployment: it has a row for each pod, in the
// order in which they came.
func (s *Sim) watchDeployment(key string, max int) *Timeline {
	r := &podRecorder{sim: s, key: "deployment/" + key, rows: map[string]*podRow{}}
	t := &Timeline{Deployment: key}
	if t.First = s.Now(); t.First < 0 {
		t.First = 0
	} else {
		r.see(0)
	}
	for events := range s.Run(max) {
		t.Events = append(t.Events, events...)
		r.fill(events[0].Tick - t.First)
		r.see(events[0].Tick - t.First)
	}
	r.fill(s.Now() + 1 - t.First)
	for _, name := range r.names {
		t.Nodes, t.Rows = append(t.Nodes, name), append(t.Rows, string(r.rows[name].letters))
	}
	return t
}

// podRecorder draws a row for every pod that a Deployment has or had.
type podRecorder struct {
	sim   *Sim
	key   string
	names []string // in the order in which they came
	rows  map[string]*podRow
}

type podRow struct {
	letters []byte
	now     byte
}

// see draws a column, as the pods are now.
func (r *podRecorder) see(column int) {
	for _, name := range r.names {
		r.rows[name].now = '.'
	}
	_, d := r.sim.resolve(r.key)
	if d != nil {
		for _, slot := range d.mine {
			r.seeSet(r.sim.sets.at[slot], column)
		}
	}
	r.fill(column + 1)
}

func (r *podRecorder) seeSet(rs *replicaSet, column int) {
	for _, id := range rs.pods {
		name := r.sim.podName(id)
		row := r.rows[name]
		if row == nil {
			row = &podRow{letters: bytes.Repeat([]byte{'.'}, column)}
			r.rows[name], r.names = row, append(r.names, name)
		}
		row.now = r.sim.letterFor(rs.minReady(), &r.sim.pods[id])
		if r.sim.fresh[r.sim.pods[id].class] {
			row.now = capital(row.now)
		}
	}
}

// fill draws what has not changed, up to a column, which is left out.
func (r *podRecorder) fill(column int) {
	for _, name := range r.names {
		for row := r.rows[name]; len(row.letters) < column; {
			row.letters = append(row.letters, row.now)
		}
	}
}
