package rollout_test

import (
	"slices"
	"testing"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
)

// A key names one object of either kind, and the error for a key that does not
// names what it may mean. Every method that takes a key agrees.
func TestKeysNameOneObject(t *testing.T) {
	same := web("web:1")
	same.Namespace, same.Name = "kube-system", "agent"
	c, err := cluster.New(clustertest.World{clustertest.DaemonSet("kube-system/agent"), clustertest.DaemonSet("kube-system/proxy")}.Cluster(t).Manifest().Objects()...)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.With(same, web("web:1")); err != nil {
		t.Fatal(err)
	}
	sim, err := rollout.New(c, rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"daemonset/kube-system/agent", "daemonset/kube-system/proxy", "deployment/default/web", "deployment/kube-system/agent"}
	if got := sim.Keys(); !slices.Equal(got, keys) {
		t.Errorf("keys are %q", got)
	}
	for _, tt := range []struct{ key, err string }{
		{"daemonset/kube-system/agent", ""},
		{"deployment/kube-system/agent", ""},
		{"deployment/default/web", ""},
		{"default/web", ""},
		{"kube-system/proxy", ""},
		{"kube-system/agent", `key "kube-system/agent": must be daemonset/kube-system/agent or deployment/kube-system/agent, since both exist`},
		{"", "no key: must be namespace/name"},
		{"web", `key "web": must be namespace/name: did you mean deployment/default/web?`},
		{"job/default/web", `key "job/default/web": must be namespace/name: did you mean deployment/default/web?`},
		{"deployment/web", `daemonsets.apps and deployments.apps "web" not found: did you mean deployment/default/web?`},
		{"daemonset/default/web", `daemonsets.apps "web" not found: did you mean deployment/default/web?`},
		{"deployment/kube-system/proxi", `deployments.apps "proxi" not found: did you mean daemonset/kube-system/proxy?`},
		{"kube-system/porxy", `daemonsets.apps and deployments.apps "porxy" not found: did you mean daemonset/kube-system/proxy?`},
		{"kube-system/web", `daemonsets.apps and deployments.apps "web" not found: did you mean deployment/default/web?`},
		{"kube-system/coredns", `daemonsets.apps and deployments.apps "coredns" not found`},
	} {
		_, err := sim.Object(tt.key)
		if text := errorText(err); text != tt.err {
			t.Errorf("Object(%q): %s", tt.key, text)
		}
		_, errOfHistory := sim.History(tt.key)
		_, errOfPods := sim.Pods(tt.key)
		_, _, errOfStatus := sim.RolloutStatus(tt.key)
		for _, other := range []error{errOfHistory, errOfPods, errOfStatus} {
			if errorText(other) != tt.err {
				t.Errorf("%q: %v, but Object: %v", tt.key, other, err)
			}
		}
		if known := sim.State(tt.key) != rollout.StateUnknown; known != (err == nil) {
			t.Errorf("%q: %v, but Object: %v", tt.key, sim.State(tt.key), err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
