package dryrun_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// A restart that kubectl refuses is refused with its words, and by itself: the edits
// before and after it take effect
// (k8s.io/kubectl/pkg/polymorphichelpers/objectrestarter.go: defaultObjectRestarter).
func TestAPausedDeploymentCannotRestart(t *testing.T) {
	paused, runs := webOf(2, "web:1"), webOf(2, "api:1")
	paused.Spec.Paused, runs.Name = true, "api"
	c := with(t, clustertest.World{clustertest.Pool("n", 2, "cpu:4")}, paused, runs)
	edits := []dryrun.Edit{dryrun.Restart("shop/api"), dryrun.Restart("shop/web"), dryrun.EditNodes(c.Named("n-1"), cluster.Label("a", "b"))}
	for at := range edits { // the refused one comes first, in between, or last
		edits := slices.Concat(edits[at:], edits[:at])
		p := plan(t, c, edits...)
		for i, o := range p.Operations() {
			want, why := dryrun.OperationCompleted, ""
			if strings.Contains(o.Edit, "shop/web") {
				want, why = dryrun.OperationRefused, `error: deployments.apps "web" can't restart paused deployment (run rollout resume first)`
			}
			if o.State != want || strings.Join(o.Reasons, "") != why {
				t.Errorf("edit %d of %v: %v", i, edits, o)
			}
		}
		n, _ := p.After().Node("n-1")
		if len(p.Operations()) != 3 || n.Labels["a"] != "b" || p.Err() == nil {
			t.Errorf("%v, %v, %v", p.Operations(), n.Labels, p.Err())
		}
	}
}

// A node that the edits move is in its new domain, one that they remove in its old one,
// and one without the label in none.
func TestDomainsOfNodesThatComeGoAndMove(t *testing.T) {
	c := clustertest.World{
		clustertest.Node("a1", "zone=a"), clustertest.Node("a2", "zone=a"), clustertest.Node("a3", "zone=a"), clustertest.Node("b1", "zone=b"),
		clustertest.Node("none"), clustertest.DaemonSet("ops/agent"),
	}.Cluster(t)
	p := plan(t, c,
		dryrun.RemoveNodes(c.Named("a1")),
		dryrun.EditNodes(c.Named("a2"), cluster.Label("zone", "b")),
		dryrun.Apply(clustertest.Object[*corev1.Node](t, clustertest.Node("c1", "zone=c"))))
	var got []string
	for _, a := range p.Availability("zone") {
		got = append(got, fmt.Sprint(a.Domain, " ", a.Before, a.Worst, a.After))
	}
	if want := "a 2 1 1, b 2 2 2, c 0 0 1"; strings.Join(got, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
	all := p.Availability("")
	if len(all) != 1 || all[0].Before != 5 || all[0].After != 5 {
		t.Errorf("over all: %v", all)
	}
}

// A pod is updated by the rolling update if that made its successor, even if its own
// end is an eviction: the surge comes first, and then the taint's time is over.
func TestAPodThatIsEvictedBesideItsSuccessorWasUpdated(t *testing.T) {
	config := dryrun.Config{Rollout: rollout.Config{Kubelet: rollout.Kubelet{Ready: 10 * time.Second}}}
	w := clustertest.World{clustertest.Node("n1"), clustertest.DaemonSet("ops/agent", "max-surge:1", "tolerate:x:NoExecute:5s")}
	base, err := dryrun.NewBaseline(w.Cluster(t), config)
	if err != nil {
		t.Fatal(err)
	}
	p, err := base.Plan(
		dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "max-surge:1", "image:agent:2", "tolerate:x:NoExecute"))),
		dryrun.EditNodes(base.Cluster().Named("n1"), cluster.Taint("x:NoExecute")))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.Trace(), func(e rollout.Event) bool { return e.Kind == rollout.EventEvicted }) {
		t.Errorf("no pod was evicted:\n%v", p)
	}
	e, _ := p.Effect("ops/agent")
	if pods := e.Pods; len(pods.Updated) != 1 || len(pods.Recreated) > 0 {
		t.Errorf("updated on %v, recreated on %v:\n%v", pods.Updated, pods.Recreated, p)
	}
}

// The text names the nodes where a webhook decides whether the pod is placed. It has no
// such line if the webhook changes the pod but no decision.
func TestAdmissionNamesTheNodesWhereItDecides(t *testing.T) {
	const gained, refused = "      + placed only so: ", "      ! pending only so: "
	cpu := func(n string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse(n)
		}
	}
	for _, test := range []struct {
		name  string
		admit func(*corev1.Pod)
		want  []string
	}{
		{"nowhere", cpu("2100m"), nil},
		{"where the pod is smaller", cpu("1"), []string{gained + "small\n"}},
		{"where it is larger", cpu("5"), []string{refused + "large\n"}},
		{"where it must not be", func(pod *corev1.Pod) { pod.Spec.NodeSelector = map[string]string{"size": "small"} }, []string{refused + "large\n"}},
		{"at both", func(pod *corev1.Pod) {
			cpu("1")(pod)
			pod.Spec.NodeSelector = map[string]string{"size": "small"}
		}, []string{gained + "small\n", refused + "large\n"}},
	} {
		w := clustertest.World{clustertest.Node("large", "size=large", "cpu:4"), clustertest.Node("small", "size=small", "cpu:1"), clustertest.DaemonSet("ops/agent", "cpu:1")}
		base, err := dryrun.NewBaseline(w.Cluster(t), dryrun.Config{Rollout: rollout.Config{Admit: test.admit}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := base.Plan(dryrun.Apply(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "cpu:2"))))
		if err != nil {
			t.Fatal(err)
		}
		text := p.String()
		_, text, ok := strings.Cut(text, "    admission changes the pod\n")
		if !ok {
			t.Errorf("%s: no change:\n%v", test.name, p)
		}
		if want := strings.Join(test.want, ""); !strings.Contains(text, want) || strings.Count(text, " only so: ") != len(test.want) {
			t.Errorf("%s: want\n%s in\n%s", test.name, want, text)
		}
	}
}
