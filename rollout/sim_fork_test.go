package rollout

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

// A simulation whose fork gets other inputs continues as if it had never been
// forked, and so does a fork whose parent gets other inputs. Mutants seen to
// fail: slotFor that inserts into position in place; Fork without a clone of the
// registry of ReplicaSets, of the drains' pods, of restarted or of the alarms.
func TestForksAndParentsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := stories(pick(t, "mood", endlessly, endlessly, drained)).Draw(t, "story")
		y.deployPinned(t)
		twin, parent := y.sim(t), y.sim(t)
		at := rapid.IntRange(0, y.ticks).Draw(t, "fork at")
		stepped(twin, at)
		stepped(parent, at)
		undisturbed, disturbed := parent, parent.Fork()
		if rapid.Bool().Draw(t, "disturb the parent") {
			undisturbed, disturbed = disturbed, undisturbed
		}
		for range rapid.IntRange(1, 6).Draw(t, "disturbances") {
			// A fault of another story may name nodes that this one does not have.
			if in := y.disturbance(t); disturbed.checkFault(in, nil) == nil {
				if err := disturbed.Inject(in); err != nil {
					t.Fatalf("%v", err)
				}
			}
			stepped(disturbed, rapid.IntRange(0, 3).Draw(t, "ticks"))
		}
		stepped(disturbed, 5)
		again := y.newSet(t, "late")
		for _, s := range []*Sim{twin, undisturbed} {
			if err := s.Inject(again); err != nil {
				t.Fatalf("%v", err)
			}
		}
		unequal(t, "never forked and undisturbed", stepped(twin, y.ticks), stepped(undisturbed, y.ticks))
		checkSame(t, twin, undisturbed)
	})
}

// checkSame compares what two simulations show.
func checkSame(t failer, want, got *Sim) {
	t.Helper()
	for _, key := range want.Keys() {
		if a, b := want.State(key), got.State(key); a != b {
			t.Fatalf("%s is %v, and %v beside a fork", key, a, b)
		}
		if diff := cmp.Diff(WaitingFor(want, key), WaitingFor(got, key)); diff != "" {
			t.Fatalf("%s waits for (-never forked +beside a fork):\n%s", key, diff)
		}
	}
	if diff := cmp.Diff(want.Cluster().Manifest(), got.Cluster().Manifest(), cmpopts.IgnoreUnexported(cluster.Manifest{})); diff != "" {
		t.Fatalf("(-never forked +beside a fork):\n%s", diff)
	}
}

// deployPinned adds Deployments, some of whose pods name a node that is not there:
// the simulation makes a slot for it.
func (y *story) deployPinned(t *rapid.T) {
	for i := range rapid.IntRange(0, 2).Draw(t, "deployments") {
		y.inputs = append(y.inputs, scheduled{rapid.Int32Range(0, 3).Draw(t, "tick"), pinnedDeployment(t, fmt.Sprintf("web-%d", i))})
	}
	slices.SortStableFunc(y.inputs, func(a, b scheduled) int { return int(a.tick - b.tick) })
}

func pinnedDeployment(t *rapid.T, name string) Apply {
	d := webDeployment(name, pick(t, "image", "v1", "v2"), rapid.Int32Range(1, 3).Draw(t, "replicas"))
	d.Spec.Template.Spec.NodeName = pick(t, "pinned to", "", "a-ghost", "n-ghost", "z-ghost")
	return Apply{Object: d}
}

// newSet is the Apply of another DaemonSet that is like one of the story's.
func (y *story) newSet(t *rapid.T, name string) Apply {
	ds := y.sets[rapid.IntRange(0, len(y.sets)-1).Draw(t, "like")].DeepCopy()
	labels := map[string]string{"app": name}
	ds.Name, ds.Spec.Selector.MatchLabels, ds.Spec.Template.Labels = name, labels, labels
	return Apply{Object: ds}
}

// disturbance is an input that the other side does not get.
func (y *story) disturbance(t *rapid.T) Input {
	switch rapid.IntRange(0, 4).Draw(t, "disturbance") {
	case 0:
		return pinnedDeployment(t, pick(t, "deployment", "web-0", "web-1", "other"))
	case 1:
		return y.newSet(t, "stray")
	case 2:
		return pick[Input](t, "to a deployment", Scale{"default/web-0", 5}, Delete{Key: "default/web-0"}, Delete{"default/web-1", metav1.DeletePropagationOrphan}, Undo{Key: "default/web-0"})
	}
	all := stories(endlessly).Draw(t, "another story").inputs
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "which")].input
}
