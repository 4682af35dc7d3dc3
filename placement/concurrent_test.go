package placement_test

import (
	"sync"
	"testing"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

func all(p *placement.Prediction) (vs []placement.Verdict) {
	for v := range p.Verdicts() {
		vs = append(vs, v)
	}
	return vs
}

// Run with -race: concurrent questions to one workload and one prediction.
func TestConcurrentPredictions(t *testing.T) {
	c, err := clustertest.Parse("a disk=ssd\nb taint:dedicated=gpu:NoSchedule\nc cordoned\nd not-ready")
	if err != nil {
		t.Fatal(err)
	}
	w, err := placement.ForDaemonSet(benchDaemonSet())
	if err != nil {
		t.Fatal(err)
	}
	shared := w.Predict(c)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, p := range []*placement.Prediction{shared, w.Predict(c)} {
				if got := p.Placed().Len() + p.Kept().Len() + p.Excluded().Len(); got != 4 || len(all(p)) != 4 || p.String() == "" || p.Table() == "" {
					t.Errorf("%d of 4 nodes: %v", got, p)
				}
			}
		})
	}
	wg.Wait()
}
