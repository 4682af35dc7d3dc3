package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// parsed is a settled simulation of a manifest.
func parsed(t *testing.T, text string) *rollout.Sim {
	t.Helper()
	m, err := cluster.ReadManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	return sim
}

// remedy returns the remedy with the description, which must be there.
func remedy(t *testing.T, x *diagnosis.Diagnosis, description string) diagnosis.Remedy {
	t.Helper()
	if x == nil {
		t.Fatal("no diagnosis")
	}
	for _, r := range x.Remedies {
		if r.Description == description {
			return r
		}
	}
	t.Fatalf("no remedy %q:\n%v", description, x)
	return diagnosis.Remedy{}
}

func node(name, cpu string) string {
	return "apiVersion: v1\nkind: Node\nmetadata: {name: " + name + "}\nstatus: {allocatable: {cpu: \"" + cpu + "\", memory: 4Gi, pods: \"110\"}}\n---\n"
}

const overfull = `
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: agents}
value: 100
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: default}
spec:
  selector: {matchLabels: {a: agent}}
  template:
    metadata: {labels: {a: agent}}
    spec: {containers: [{name: c, image: agent:1, resources: {requests: {cpu: 500m}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 6
  selector: {matchLabels: {a: web}}
  template:
    metadata: {labels: {a: web}}
    spec: {containers: [{name: c, image: web:1, resources: {requests: {cpu: 500m}}}]}
`

// A node that filled before its agent came: an existing priority class preempts as few
// pods as must go, and fewer replicas leave room. Mutants seen to fail: PriorityClasses
// descending; scaleDownOthers by all replicas.
func TestAgentsOfFullNodesGetTheirRoom(t *testing.T) {
	sim := parsed(t, node("n0", "1")+overfull)
	if err := sim.Inject(rollout.ApplyNode{Node: parsed(t, node("n1", "1")).Cluster().Manifest().Nodes[0]}); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	x, err := diagnosis.Diagnose(sim, "default/agent")
	if err != nil {
		t.Fatal(err)
	}
	r := remedy(t, x, "set priorityClassName to agents, which preempts web-69c5f4b7bc-22226 and web-69c5f4b7bc-2222b")
	if want := `kubectl patch daemonset agent -n default -p '{"spec":{"template":{"spec":{"priorityClassName":"agents"}}}}'`; r.Changes[0].Command != want {
		t.Errorf("%s, want %s", r.Changes[0].Command, want)
	}
	remedy(t, x, "scale deployment/default/web down to 2")

	r = remedy(t, x, "cordon n1, delete the other pods default/web-69c5f4b7bc-22226, and after the rollout uncordon n1")
	if want := "kubectl uncordon n1"; len(r.Then) != 1 || r.Changes[2].Command != want || !strings.Contains(x.String(), "kubectl rollout status daemonset/agent -n default\n  "+want) {
		t.Errorf("%+v\n%v", r, x)
	}
	if err := sim.Inject(r.Inputs...); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	if err := sim.Inject(r.Then...); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	if n, _ := sim.Cluster().Node("n1"); sim.State("default/agent") != rollout.StateDone || n.Spec.Unschedulable {
		t.Errorf("%v, cordoned %v", sim.State("default/agent"), n.Spec.Unschedulable)
	}
}

const blockedDrain = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: web}]}
`

// One more replica drains a node whose budget allows no eviction; to go past the
// budget is the last resort and says so. Mutant seen to fail: RemedyBypassPDB before
// RemedyScaleUp.
func TestDrainsEndWithoutBypassingBudgets(t *testing.T) {
	sim := parsed(t, node("n1", "4")+node("n2", "4")+blockedDrain)
	pods, err := sim.Pods("shop/web")
	if err != nil {
		t.Fatal(err)
	}
	at := pods[0].Node
	if err := sim.Inject(rollout.Drain{Node: at}); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	x, err := diagnosis.DiagnoseDrain(sim, at)
	if err != nil {
		t.Fatal(err)
	}
	r := remedy(t, x, "scale deployment/shop/web up to 2")
	if want := "kubectl scale deployment/web -n shop --replicas=2"; r.Changes[0].Command != want {
		t.Errorf("%s, want %s", r.Changes[0].Command, want)
	}
	r = remedy(t, x, "set maxUnavailable of poddisruptionbudget/shop/web to 1, which lets more pods be unavailable at a time")
	if want := `kubectl patch poddisruptionbudget web -n shop -p '{"spec":{"maxUnavailable":1,"minAvailable":null}}'`; r.Changes[0].Command != want {
		t.Errorf("%s, want %s", r.Changes[0].Command, want)
	}
	if last := x.Remedies[len(x.Remedies)-1]; last.Kind != diagnosis.RemedyBypassPDB || !strings.Contains(last.Description, "bypassing") {
		t.Errorf("the last remedy is %v", last)
	}
}

// firstNode returns the node of the first pod of shop/web.
func firstNode(t *testing.T, sim *rollout.Sim) string {
	t.Helper()
	pods, err := sim.Pods("shop/web")
	if err != nil || len(pods) == 0 {
		t.Fatalf("%v %v", pods, err)
	}
	return pods[0].Node
}

// A pod that is not ready keeps its node from being drained where its budget is not
// met: to have it replaced, or to let it be evicted, ends the drain.
func TestUnreadyPodsAreEvicted(t *testing.T) {
	text := strings.Replace(blockedDrain, "replicas: 1", "replicas: 2", 1)
	text = strings.Replace(text, "minAvailable: 1", "minAvailable: 2", 1)
	sim := parsed(t, node("n1", "4")+node("n2", "4")+text)
	at := firstNode(t, sim)
	if err := sim.Inject(rollout.PodsNotReady{Node: at}); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	if err := sim.Inject(rollout.Drain{Node: at}); err != nil {
		t.Fatal(err)
	}
	sim.Advance(100)
	x, err := diagnosis.DiagnoseDrain(sim, at)
	if err != nil {
		t.Fatal(err)
	}
	r := remedy(t, x, "set unhealthyPodEvictionPolicy of poddisruptionbudget/shop/web to AlwaysAllow")
	if want := `{"spec":{"unhealthyPodEvictionPolicy":"AlwaysAllow"}}`; r.Changes[0].Patch != want {
		t.Errorf("%s, want %s", r.Changes[0].Patch, want)
	}
}

// A container that always exits is diagnosed while its pod is not available, also if
// the pod becomes available for a while before each exit. Mutant seen to fail: endless
// only for pods that are never available.
func TestCrashLoopsAreDiagnosedHoweverLongARunIs(t *testing.T) {
	for _, after := range []time.Duration{39, 40, 41, 60} {
		c, err := clustertest.Parse("pool n 4\ndaemonset agent min-ready:30s max-unavailable:1 image:a:1")
		if err != nil {
			t.Fatal(err)
		}
		sim, err := rollout.New(c, rollout.Config{Kubelet: rollout.Kubelet{Start: 5 * time.Second, Ready: 10 * time.Second, Stop: 3 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		sim.Advance(1000)
		update := c.Manifest().DaemonSets[0]
		update.Spec.Template.Spec.Containers[0].Image = "a:2"
		if err := sim.Inject(rollout.CrashLoop{Image: "a:2", After: after * time.Second}, rollout.Apply{Object: update}); err != nil {
			t.Fatal(err)
		}
		sim.Advance(5050)
		x, err := diagnosis.Diagnose(sim, "default/agent")
		if err != nil || x == nil || x.Blocking[0].Blocker != diagnosis.BlockerCrashLoopBackOff {
			t.Fatalf("after %d s: %v %v", after, x, err)
		}
		remedy(t, x, "roll back to revision 1")
	}
}
