package rollout

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
)

// daemonBench returns a simulation with one node and a DaemonSet that has been synced
// once and has no pod, and the classes of its new and old pods.
func daemonBench(t *testing.T, change func(*appsv1.DaemonSet)) (s *Sim, d *daemonSet, newClass, oldClass int32) {
	t.Helper()
	s = bench(t, Config{}, nodeNamed("n"))
	object := cluster.Default(fleetSet("v1", "1"))
	change(object)
	d = s.dsc.addDaemonSet(object)
	if err := s.dsc.setObject(d, object); err != nil {
		t.Fatal(err)
	}
	s.dsc.sync(d)
	for _, id := range s.podsOf(d) {
		s.vanish(id)
	}
	s.report()
	old := *s.classes[d.class]
	old.hash, old.generation = "old", ""
	return s, d, d.class, s.addClass(d, &old)
}

// One sync of the controller, for all that may be on a node
// (pkg/controller/daemon/daemon_controller.go: podsShouldBeOnNode;
// pkg/controller/daemon/update.go: rollingUpdate). manage comes first, and where it
// has anything to do rollingUpdate waits for the next sync. Pods are listed from the
// oldest: o is old and n new; then r is ready, p not yet, f failed, s succeeded; t is
// terminating. What is wanted is the pods that are deleted and, with +, one created.
func TestWhatASyncDoesOnANode(t *testing.T) {
	const surge = true
	for _, test := range []struct {
		pods     string
		surge    bool
		decision placement.Decision
		want     string
	}{
		{"", false, placement.Eligible, "+"},
		{"", false, placement.Kept, ""},
		{"", false, placement.Excluded, ""},
		{"nr", false, placement.Eligible, ""},
		{"nr", false, placement.Kept, ""},
		{"nr", false, placement.Excluded, "nr"},
		{"nr nrt", false, placement.Excluded, "nr"},
		{"nrt", false, placement.Eligible, ""},
		{"nrt", surge, placement.Eligible, "+"},
		{"nf", false, placement.Eligible, "nf"},
		{"nf", surge, placement.Eligible, "nf+"},
		{"nf nf", false, placement.Eligible, "nf"}, // one at a time
		{"ns ns", false, placement.Eligible, "ns ns"},
		{"nf nr", false, placement.Kept, "nf"},
		{"nft", false, placement.Eligible, "+"}, // gone as far as the controller goes
		{"nr np nr", false, placement.Eligible, "np nr"},
		{"np nr", false, placement.Eligible, "nr"}, // the oldest stays, ready or not
		{"or nr", false, placement.Eligible, "nr"},

		{"or", false, placement.Eligible, "or"},
		{"or", false, placement.Kept, "or"},
		{"op", false, placement.Eligible, "op"},
		{"or", surge, placement.Eligible, "+"},
		{"op", surge, placement.Eligible, "+"},
		{"or", surge, placement.Kept, "or"},
		{"or np", surge, placement.Eligible, ""},
		{"or nr", surge, placement.Eligible, "or"},
		{"op np", surge, placement.Eligible, "op"}, // what is not ready need not be kept
		{"or or np", surge, placement.Eligible, "or"},
		{"ort np", surge, placement.Eligible, ""},
	} {
		s, d, newClass, oldClass := daemonBench(t, func(ds *appsv1.DaemonSet) {
			if test.surge {
				zero, one := intstr.FromInt(0), intstr.FromInt(1)
				ds.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &zero, MaxSurge: &one}
			}
		})
		d.decision[0] = test.decision
		words := map[int32]string{}
		for i, word := range strings.Fields(test.pods) {
			class := newClass
			if word[0] == 'o' {
				class = oldClass
			}
			id := put(s, class, func(p *pod) {
				p.owner, p.created, p.flags = d.slot, simTime(i), bound
				p.phase = map[byte]phase{'r': running, 'p': running, 'f': failed, 's': succeeded}[word[1]]
				if word[1] == 'r' {
					p.flags, p.readied = p.flags|isReady, simTime(i)
				}
				if strings.HasSuffix(word, "t") {
					p.flags |= terminating
				}
			})
			words[id] = word
		}
		names := map[string]string{}
		for id, word := range words { // any order: each by itself
			names[s.podName(id)] = word
		}
		s.dsc.sync(d)
		var got []string
		created := ""
		for _, e := range s.report() {
			switch e.Kind {
			case EventDeleted:
				got = append(got, names[e.Pod])
			case EventCreated:
				created += "+"
			default:
				t.Errorf("%q: %v", test.pods, e)
			}
		}
		if deleted := strings.Join(got, " ") + created; deleted != test.want {
			t.Errorf("%q, surge %v, %v: %q, want %q", test.pods, test.surge, test.decision, deleted, test.want)
		}
	}
}
