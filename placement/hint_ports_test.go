package placement_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

// Each of several taken ports is renumbered, in every place where the pod asks for
// it to the same number, and each to the next free number.
func TestHintsRenumberEveryPortThatIsTaken(t *testing.T) {
	type port struct {
		number int32
		ip     string
	}
	for _, test := range []struct {
		wants, taken []port
		hints        []string
	}{
		{[]port{{80, ""}}, []port{{80, ""}}, []string{"80 81"}},
		{[]port{{80, ""}}, []port{{80, ""}, {81, ""}, {82, ""}}, []string{"80 83"}},
		{[]port{{80, ""}, {90, ""}}, []port{{80, ""}, {90, ""}}, []string{"80 81", "90 91"}},
		{[]port{{80, ""}, {81, ""}}, []port{{80, ""}, {81, ""}}, []string{"80 82", "81 83"}},
		{[]port{{80, "10.0.0.1"}, {80, "10.0.0.2"}, {90, ""}}, []port{{80, ""}, {90, ""}}, []string{"80 81", "80 81", "90 91"}},
	} {
		c := clustertest.World{clustertest.Node("n1")}.Cluster(t)
		holder, ds := clustertest.Object[*corev1.Pod](t, clustertest.Pod("x/holder", "node:n1", "running")), clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent"))
		for _, p := range test.taken {
			holder.Spec.Containers[0].Ports = append(holder.Spec.Containers[0].Ports, corev1.ContainerPort{ContainerPort: p.number, HostPort: p.number, HostIP: p.ip, Protocol: "TCP"})
		}
		for _, p := range test.wants {
			ports := &ds.Spec.Template.Spec.Containers[0].Ports
			*ports = append(*ports, corev1.ContainerPort{ContainerPort: p.number, HostPort: p.number, HostIP: p.ip, Protocol: "TCP"})
		}
		c, err := c.With(holder)
		if err != nil {
			t.Fatal(err)
		}
		w, err := placement.ForDaemonSet(ds)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		hints, err := w.Predict(c).Hints("n1")
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hints {
			for _, s := range h.Steps {
				if strings.HasSuffix(s.Path, ".hostPort") {
					got = append(got, s.From+" "+s.To)
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(test.hints) {
			t.Errorf("wants %v, taken %v: %q, want %q", test.wants, test.taken, got, test.hints)
		}
	}
}
