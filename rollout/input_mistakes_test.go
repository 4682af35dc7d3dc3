package rollout_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/rollout"
)

// An input that no cluster takes is an error, and every mistake in it is said; what
// is just possible is none.
func TestInputsAreChecked(t *testing.T) {
	const tooLong = 11 * 365 * 24 * time.Hour
	named := metav1.ObjectMeta{Namespace: "default", Name: "x"}
	for _, test := range []struct {
		in   rollout.Input
		want []string // all that is wrong; empty: nothing
	}{
		{rollout.Drain{Node: "n1", GracePeriodSeconds: new(int64(0)), Timeout: time.Second, PodSelector: "a in (b),!c"}, nil},
		{rollout.Drain{Node: "n1", GracePeriodSeconds: new(int64(tooLong / time.Second))}, []string{"gracePeriodSeconds"}},
		{rollout.Drain{Node: "n1", GracePeriodSeconds: new(int64(-7))}, []string{"gracePeriodSeconds -7"}},
		{rollout.Drain{GracePeriodSeconds: new(int64(-1)), Timeout: -time.Second, PodSelector: "a in"}, []string{"node", "gracePeriodSeconds -1", "timeout -1s", "valid label selector"}},
		{rollout.Drain{Node: "n1", Timeout: tooLong}, []string{"timeout"}},
		{rollout.CrashLoop{Image: "v1", After: 0}, nil},
		{rollout.CrashLoop{Image: "v1", After: -time.Second}, []string{"-1s"}},
		{rollout.CrashLoop{Image: "v1", After: tooLong}, []string{"96360h"}},
		{rollout.RejectPods{Reason: "OutOfcpu"}, nil},
		{rollout.RejectPods{}, []string{"reason"}},
		{rollout.DeletePods{Node: "n1", Pod: "default/x"}, []string{"must be one of them"}},
		{rollout.DeletePods{}, []string{"no node"}},
		{rollout.Delete{Key: "default/x", Propagation: "background"}, []string{`propagation "background": must be Background`}},
		{rollout.Scale{Key: "default/web", Replicas: 0}, nil},
		{rollout.Scale{Key: "default/web", Replicas: 200_000}, nil},
		{rollout.Scale{Key: "web", Replicas: -1}, []string{`"web"`, "replicas -1: must not be negative"}},
		{rollout.Scale{Key: "default/web", Replicas: 200_001}, []string{"replicas 200001: berth accepts at most 200000"}},
		{rollout.Apply{}, []string{"apply"}},
		{rollout.Apply{Object: (*appsv1.DaemonSet)(nil)}, []string{"no object"}},
		{rollout.Apply{Object: &appsv1.StatefulSet{ObjectMeta: named}}, []string{"*v1.StatefulSet: must be a *DaemonSet or *Deployment of apps/v1"}},
		{rollout.Apply{Object: &appsv1.Deployment{}, Unvalidated: true}, []string{"metadata.name: Required value"}},
		{rollout.Apply{Object: &appsv1.DaemonSet{}, Unvalidated: true}, []string{"metadata.name: Required value"}},
		{rollout.Apply{Object: webOf("web", "v1", 200_001), Unvalidated: true}, []string{"at most 200000"}},
		{rollout.Apply{Object: webOf("web", "v1", 200_001)}, []string{"at most 200000"}},
	} {
		err := simulate(t).Inject(test.in)
		if (err == nil) != (len(test.want) == 0) {
			t.Errorf("%s: %v, want %q", rollout.FormatInput(test.in), err, test.want)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", rollout.FormatInput(test.in), err, want)
			}
		}
	}
}

// What kubectl's flags do not take, a line of a script does not either.
func TestDrainFlagsAreRead(t *testing.T) {
	for line, want := range map[string]rollout.Drain{
		"drain n1": {Node: "n1"},
		"drain n1 --force --ignore-daemonsets=true --delete-emptydir-data=false": {Node: "n1", Force: true, IgnoreDaemonSets: true},
		"drain n1 --grace-period=0":                              {Node: "n1", GracePeriodSeconds: new(int64(0))},
		"drain n1 --grace-period=-1 --disable-eviction":          {Node: "n1", DisableEviction: true},
		"drain n1 --grace-period=7 --timeout=1m0s":               {Node: "n1", GracePeriodSeconds: new(int64(7)), Timeout: time.Minute},
		"drain n1 --pod-selector=app=web --delete-emptydir-data": {Node: "n1", PodSelector: "app=web", DeleteEmptyDirData: true},
	} {
		if got, err := rollout.ParseInput(line); err != nil || !reflect.DeepEqual(got, rollout.Input(want)) {
			t.Errorf("%s: %v, %v, want %v", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"drain n1 --force=maybe": "must be true or false", "drain n1 --grace-period=soon": "must be a number of seconds",
		"drain n1 --timeout=soon": "must be a duration", "drain n1 --forc": "unknown flag: --forc", "drain": "a word is missing",
	} {
		if got, err := rollout.ParseInput(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q", line, got, err, want)
		}
	}
}
