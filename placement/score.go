package placement

// board holds the scores of all plugins for the nodes that a pod could be bound
// to.
type board struct {
	feasibleNodes
	columns []column // without plugins that skip the pod
	totals  []int32  // by place
	counts  []int32  // by total: the number of nodes
	err     error    // why there are no scores
}

// score follows the scheduler (pkg/scheduler/schedule_one.go: prioritizeNodes):
// PreScore of each plugin, which may skip the plugin, then Score and
// NormalizeScore.
func (r *room) score(w *Workload, feasible []uint64, live bool) *board {
	c, s := r.cluster, w.scoring
	if s.fault != nil {
		return &board{err: s.fault}
	}
	b := &board{feasibleNodes: newFeasibleNodes(feasible)}
	b.columns = append(b.columns, newColumn(scoreTaints, w.repelled(c, &b.feasibleNodes), reverse))
	if s.prefers {
		b.columns = append(b.columns, newColumn(scoreAffinity, s.preferences.scores(c, &b.feasibleNodes), share))
	}
	least, balance := r.allocations(s.asks(), &b.feasibleNodes)
	b.columns = append(b.columns, newColumn(scoreResources, least, asItIs))
	if raw, ok := r.unevenness(w, &b.feasibleNodes, live); ok {
		b.columns = append(b.columns, newColumn(scoreSpread, raw, evenly))
	}
	if raw, ok := r.attracted(w, &b.feasibleNodes); ok {
		b.columns = append(b.columns, newColumn(scoreRelations, raw, between))
	}
	if balance != nil {
		b.columns = append(b.columns, newColumn(scoreBalance, balance, asItIs))
	}
	b.columns = append(b.columns, newColumn(scoreImages, s.images.scores(c, &b.feasibleNodes), asItIs))
	b.sum()
	return b
}

func (b *board) sum() {
	b.totals, b.counts = make([]int32, b.n), make([]int32, mostTotal+1)
	for i := range b.columns {
		if b.err = b.columns[i].addTo(b.totals); b.err != nil {
			return
		}
	}
	for _, total := range b.totals {
		b.counts[total]++
	}
}

// order returns the places, best first; equal totals are in ascending order.
func (b *board) order() []int32 {
	next := make([]int32, len(b.counts))
	for total, from := len(next)-1, int32(0); total >= 0; total-- {
		next[total] = from
		from += b.counts[total]
	}
	places := make([]int32, b.n)
	for place, total := range b.totals {
		places[next[total]] = int32(place)
		next[total]++
	}
	return places
}

// best returns the highest total, or -1 without nodes.
func (b *board) best() int32 {
	for total := len(b.counts) - 1; total >= 0; total-- {
		if b.counts[total] > 0 {
			return int32(total)
		}
	}
	return -1
}
