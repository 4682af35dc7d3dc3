package rollout

import (
	"maps"

	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/placement"
)

// An estimate equals what counting by hand from events finds. Mutants seen to
// fail: a gap closed one tick early; emitPod that notes nothing while nobody reads
// events.
func TestEstimateIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(mixed).Draw(t, "story")
		s := y.sim(t)
		for range y.ticks {
			s.Tick()
		}
		if d := s.daemonSets.find("default/agent"); d != nil && d.deleting {
			t.Skip("it is removed with its last pod, and there is nothing left to count")
		}
		ds := &y.sets[0]
		before := lines(nil)
		if d := s.daemonSets.find("default/agent"); d != nil {
			before = lines([]Event{{Revision: d.object.Generation}})
		}
		got, err := s.Estimate(ds, 200, UpdateLimit{MaxUnavailable: "2"}, UpdateLimit{MaxSurge: "50%"}, UpdateLimit{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		if d := s.daemonSets.find("default/agent"); d != nil && before != lines([]Event{{Revision: d.object.Generation}}) {
			t.Fatalf("the simulation has changed")
		}
		for _, e := range got {
			f := s.Fork()
			if err := f.Apply(e.Limit.on(ds)); err != nil {
				t.Fatalf("%v", err)
			}
			if diff := cmp.Diff(estimateByHand(f, "daemonset/default/agent", e.Limit), e); diff != "" {
				t.Fatalf("-by hand +estimate:\n%s", diff)
			}
		}
	})
}

// Of a Deployment, too, and it is told apart from a DaemonSet of the same name.
// Mutants seen to fail: pods on their way out count as available; pods that are ready
// do, whatever minReadySeconds; every rule makes a wave.
func TestEstimateOfADeploymentIsCounted(t *testing.T) {
	waves, downs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		y := deployStories(false).Draw(t, "story")
		s := y.sim(t)
		for range rapid.IntRange(0, 40).Draw(t, "ticks") {
			s.Tick()
		}
		if d := s.deployments.find("default/web"); d != nil && d.deleting {
			t.Skip("it is removed with its last pod, and there is nothing left to count")
		}
		web := webDeployment("web", pick(t, "image", "v1", "v2"), rapid.Int32Range(1, 6).Draw(t, "replicas"))
		web.Spec.MinReadySeconds = pick[int32](t, "min ready", 0, 2)
		if rapid.Bool().Draw(t, "as many as there are") {
			web.Spec.Replicas = nil
		}
		got, err := s.Estimate(web, 200, UpdateLimit{MaxUnavailable: "2"}, UpdateLimit{MaxSurge: "50%"}, UpdateLimit{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, e := range got {
			f := s.Fork()
			if err := f.Apply(e.Limit.on(web)); err != nil {
				t.Fatalf("%v", err)
			}
			if diff := cmp.Diff(estimateByHand(f, "deployment/default/web", e.Limit), e); diff != "" {
				t.Fatalf("-by hand +estimate:\n%s", diff)
			}
			if e.Waves > 1 {
				waves++
			}
			if e.MinAvailable > 0 && e.MinAvailable < e.Desired {
				downs++
			}
		}
	})
	if least := enough(10); waves < least || downs < least {
		t.Errorf("%d estimates with several waves, %d with some pods available at worst", waves, downs)
	}
}

// enough returns how often a premise must be met: once with -short, which draws few cases.
func enough(often int) int {
	if testing.Short() {
		return 1
	}
	return often
}

// A Deployment without spec.replicas keeps its present number of replicas.
func TestEstimatesKeepReplicas(t *testing.T) {
	s := manyDeployments(t, 1)
	want := *s.deployments.at[0].object.Spec.Replicas
	web := s.deployments.at[0].object.DeepCopy()
	web.Spec.Replicas = nil
	got, err := s.Estimate(web, 9, UpdateLimit{MaxSurge: "1"}, UpdateLimit{})
	if err != nil || len(got) != 2 || want < 2 || got[0].Desired != int(want) || got[1].Desired != int(want) {
		t.Errorf("%v of %d replicas, %v", got, want, err)
	}
}

// What is observed of any DaemonSet is counted, also where nodes come meanwhile.
func TestObservationsAreCounted(t *testing.T) {
	low, came := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		y := stories(pick(t, "mood", mixed, drained, endlessly)).Draw(t, "story")
		s := y.sim(t)
		for range rapid.IntRange(0, y.ticks/3).Draw(t, "before") {
			s.Tick()
		}
		wish := y.sets[0].DeepCopy()
		wish.Spec.MinReadySeconds = pick[int32](t, "min ready later", 0, 3, 600)
		first := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "m", Labels: map[string]string{"pool": "a"}}} // moves all slots
		for _, in := range []Input{Apply{Object: wish}, ApplyNode{first}} {
			if err := s.At(s.Now()+rapid.IntRange(1, 9).Draw(t, "later"), in); err != nil {
				t.Fatalf("%v", err)
			}
		}
		for _, ds := range y.sets {
			key := "daemonset/" + kube.Key(&ds)
			f := s.Fork()
			got := observed(f, key, y.ticks)
			h := newHand(s.Fork(), key)
			h.look()
			want := h.course(f.Now())
			want.Ticks = 0 // estimate counts them
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("-by hand +observed:\n%s", diff)
			}
			if got.MinAvailable > 0 && got.MinAvailable < got.Desired {
				low++
			}
			if len(f.nodes) > len(s.nodes) && len(got.Outages) > 0 {
				came++
			}
		}
	})
	if least := enough(3); low < least || came < least {
		t.Errorf("%d with some pods unavailable, %d with gaps where nodes came", low, came)
	}
}

// observed passes time and returns what an observer says. Nothing may happen in the
// first tick, which passes would skip.
func observed(s *Sim, key string, max int) Estimate {
	o := newObserver(s, key)
	s.pass()
	o.see(s.Now())
	s.report()
	for tick := range s.passes(max) {
		o.see(tick)
		s.report()
	}
	o.close()
	return o.Estimate
}

func estimateByHand(s *Sim, key string, b UpdateLimit) Estimate {
	h := newHand(s, key)
	h.look()
	c := h.course(s.Now() + 200)
	c.Limit, c.Ticks = b, h.last-h.start
	return c
}

// hand counts by hand what an observer counts: which pods are available from events,
// and from a list of the pods where an event is about the whole object.
type hand struct {
	Estimate
	sim         *Sim
	start, last int
	known       bool              // the object has been there
	up          map[string]string // nodes of available pods that stay, by pod
	going       map[string]bool   // pods on their way out
	missing     map[string]int    // how many ticks the node has been missing without a break
	longest     map[string]int
}

func newHand(s *Sim, key string) *hand {
	h := &hand{sim: s, start: s.Now(), last: s.Now(), missing: map[string]int{}, longest: map[string]int{}}
	h.Estimate = Estimate{Version: "berth.estimate/v1", Key: key, Outages: []Outage{}}
	return h
}

// look lists the available pods.
func (h *hand) look() {
	h.up, h.going = map[string]string{}, map[string]bool{}
	for _, p := range shownPods(h.sim, h.Key) {
		switch {
		case p.Terminating:
			h.going[p.Name] = true
		case p.Available:
			h.up[p.Name] = p.Node
		}
	}
}

// course passes time up to a tick, or until nothing more happens.
func (h *hand) course(until int) Estimate {
	for h.sim.Now() < until && !h.sim.Settled() {
		h.read(h.sim.Tick())
		h.count()
	}
	for node, ticks := range h.longest {
		h.Outages = append(h.Outages, Outage{node, ticks})
	}
	slices.SortFunc(h.Outages, func(a, b Outage) int { return strings.Compare(a.Node, b.Node) })
	h.State = h.sim.State(h.Key)
	return h.Estimate
}

func (h *hand) read(events []Event) {
	d, deployed := h.sim.resolve(h.Key)
	minReady := simTime(0)
	switch {
	case d != nil:
		minReady = d.object.Spec.MinReadySeconds
	case deployed != nil:
		minReady = deployed.object.Spec.MinReadySeconds
	}
	again, wave := false, false
	for _, e := range events {
		h.last = e.Tick
		if e.Key != h.Key {
			continue
		}
		h.Ticks = e.Tick - h.start
		again = again || e.Pod == "" || e.Kind == EventAdopted
		wave = wave || slices.Contains([]Reason{ReasonMaxUnavailable, ReasonOldUnavailable, ReasonMaxSurge, ReasonOldUnavailableSurge, ReasonScaleDown}, e.Reason)
		switch e.Kind {
		case EventReady, EventAvailable:
			if !h.going[e.Pod] && (e.Kind == EventAvailable || minReady == 0) {
				h.up[e.Pod] = e.Node
			}
		case EventDeleted, EventDeletedByUser, EventEvicted, EventPreempted:
			h.going[e.Pod] = true
			delete(h.up, e.Pod)
		case EventNotReady, EventFailed, EventStopped, EventGarbageCollected, EventOrphaned, EventReleased:
			delete(h.up, e.Pod)
		}
	}
	if again {
		h.look()
	}
	if wave && (d != nil || deployed != nil) {
		h.Waves++
	}
}

// wanted says of each node whether the DaemonSet wants a pod there.
func (h *hand) wanted() map[string]bool {
	wanted := map[string]bool{}
	d, _ := h.sim.resolve(h.Key)
	for n := range h.sim.nodes {
		wanted[h.sim.nodeNames[n].name] = d != nil && d.decision[n] == placement.Eligible
	}
	return wanted
}

func (h *hand) serves(node string) bool {
	return slices.Contains(slices.Collect(maps.Values(h.up)), node)
}

// count counts the tick that is over.
func (h *hand) count() {
	served, desired := len(h.up), 0
	switch d, deployed := h.sim.resolve(h.Key); {
	case d != nil:
		served, desired = h.nodes()
	case deployed != nil:
		desired = int(*deployed.object.Spec.Replicas)
	default: // as it was
		for node := range h.missing {
			h.miss(node)
		}
		return
	}
	if !h.known || served < h.MinAvailable {
		h.MinAvailable = served
	}
	h.known, h.Desired = true, desired
}

func (h *hand) nodes() (served, wanted int) {
	for node, is := range h.wanted() {
		switch {
		case is && !h.serves(node):
			wanted++
			h.miss(node)
			continue
		case is:
			wanted++
			served++
		}
		delete(h.missing, node)
	}
	return served, wanted
}

func (h *hand) miss(node string) {
	h.missing[node]++
	h.longest[node] = max(h.longest[node], h.missing[node])
}
