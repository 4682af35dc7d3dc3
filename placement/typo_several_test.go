package placement_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

// Of several candidates the nearest is meant, and of equally near ones the
// first. Case does not count.
func TestTyposMeanTheNearestWord(t *testing.T) {
	for _, test := range []struct {
		written, meant string
		keys           []string
	}{
		{"enviroment", "environment", []string{"environment"}},
		{"enviroment", "environment", []string{"environment", "environments"}},
		{"enviroments", "environments", []string{"environment", "environments"}},
		{"envoronment", "envaronment", []string{"envaronment", "environment"}},
		{"environmenx", "", []string{"environmena", "environmenb"}},
		{"Environments", "environments", []string{"environment", "environments"}},
		{"environment2", "", []string{"environment1"}},
		{"enviro", "", []string{"environment"}},
	} {
		var words []string
		for _, key := range test.keys {
			words = append(words, key+"=x")
		}
		c := clustertest.World{clustertest.Node("n1", words...)}.Cluster(t)
		w, err := placement.ForDaemonSet(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "on:"+test.written+"=x")))
		if err != nil {
			t.Fatal(err)
		}
		meant := ""
		typos := w.Predict(c).Typos()
		if len(typos) > 0 {
			meant = typos[0].Meant
		}
		if meant != test.meant || len(typos) > 1 {
			t.Errorf("%s among %v: %v, want %q", test.written, test.keys, typos, test.meant)
		}
	}
}

// An old name is a mistake only if the cluster uses the new one.
func TestAnOldNameIsAMistakeWhereTheNewOneIsUsed(t *testing.T) {
	for label, want := range map[string]string{"topology.kubernetes.io/zone=a": "topology.kubernetes.io/zone", "kubernetes.io/os=linux": ""} {
		c := clustertest.World{clustertest.Node("n1", label)}.Cluster(t)
		w, err := placement.ForDaemonSet(clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("ops/agent", "on:failure-domain.beta.kubernetes.io/zone=a")))
		if err != nil {
			t.Fatal(err)
		}
		typos := w.Predict(c).Typos()
		if want == "" && len(typos) > 0 || want != "" && (len(typos) != 1 || typos[0].Meant != want || typos[0].WellKnown) {
			t.Errorf("%s: %+v", label, typos)
		}
	}
}
