package rollout

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

// setBench returns a simulation with two nodes and a ReplicaSet without pods.
func setBench(t *testing.T, replicas, minReady int32) (*Sim, *replicaSet) {
	t.Helper()
	s := bench(t, Config{}, nodeNamed("m"), nodeNamed("n"))
	web := webDeployment("web", "v1", replicas)
	rs, err := s.rsc.addSet(cluster.Default(&appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", Generation: 1},
		Spec:       appsv1.ReplicaSetSpec{Replicas: &replicas, MinReadySeconds: minReady, Selector: web.Spec.Selector, Template: web.Spec.Template},
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.rsc.showSet(rs.object)
	return s, rs
}

// putReplica adds a pod of the ReplicaSet.
func putReplica(s *Sim, rs *replicaSet, change func(p *pod)) int32 {
	id := put(s, s.rsc.classOf(rs), change)
	s.join(id, rs)
	return id
}

// One sync creates or deletes as many active pods as spec.replicas differs from them,
// and counts what it has found (pkg/controller/replicaset/replica_set.go:
// manageReplicas; pkg/controller/replicaset/replica_set_utils.go: calculateStatus).
// Pods: a is available, r ready, p running, u unbound, f failed, s succeeded, t
// terminating.
func TestASyncOfAReplicaSet(t *testing.T) {
	for _, test := range []struct {
		pods     string
		replicas int32
		want     string // created, deleted
		status   string // replicas, ready, available, terminating
	}{
		{"", 0, "0 0", "0 0 0 0"},
		{"", 3, "3 0", "0 0 0 0"},
		{"", 501, "500 0", "0 0 0 0"},
		{"arp", 3, "0 0", "3 2 1 0"},
		{"arpu", 3, "0 1", "4 2 1 0"},
		{"arpu", 0, "0 4", "4 2 1 0"},
		{"a", 3, "2 0", "1 1 1 0"},
		{"at", 2, "1 0", "1 1 1 1"},
		{"tt", 1, "1 0", "0 0 0 2"},
		{"afs", 2, "1 0", "1 1 1 0"},
		{"aft", 1, "0 0", "1 1 1 1"},
	} {
		s, rs := setBench(t, test.replicas, 5)
		for _, kind := range test.pods {
			putReplica(s, rs, func(p *pod) {
				p.phase, p.flags = running, bound
				switch kind {
				case 'a':
					p.flags, p.readied = bound|isReady, benchStart-5
				case 'r':
					p.flags, p.readied = bound|isReady, benchStart-4
				case 'u':
					p.phase, p.flags = pending, 0
				case 'f':
					p.phase = failed
				case 's':
					p.phase = succeeded
				case 't':
					p.flags = bound | terminating
				}
			})
		}
		s.rsc.syncSet(rs)
		count := map[EventKind]int{}
		for _, e := range s.report() {
			count[e.Kind]++
		}
		st := rs.status
		got, status := fmt.Sprint(count[EventCreated], count[EventDeleted]), fmt.Sprint(st.Replicas, st.ReadyReplicas, st.AvailableReplicas, *st.TerminatingReplicas)
		if got != test.want || status != test.status || st.ObservedGeneration != 1 {
			t.Errorf("%q to %d: %s and %s, want %s and %s", test.pods, test.replicas, got, status, test.want, test.status)
		}
	}
}

// A scale-down deletes the pod that ranks lower. Each rule decides only where the
// rules before it do not (pkg/controller/controller_utils.go:
// ActivePodsWithRanks.Less). The pods on a node count over all ReplicaSets of the
// Deployment; this one has none.
func TestWhichPodAScaleDownTakes(t *testing.T) {
	type replica struct {
		phase   phase
		flags   podFlags
		readied simTime
		created simTime
		cost    int32
	}
	up := bound | isReady
	for _, test := range []struct {
		rule        string
		goes, stays replica
	}{
		{"not bound", replica{pending, 0, never, 1, 9}, replica{pending, bound, never, 9, 0}},
		{"pending", replica{pending, bound, never, 1, 9}, replica{running, bound, never, 9, 0}},
		{"not ready", replica{running, bound, never, 1, 9}, replica{running, up, 9, 9, 0}},
		{"the lower cost", replica{running, up, 1, 1, 0}, replica{running, up, 9, 9, 1}},
		{"the lower cost of two that are not ready", replica{running, bound, never, 1, -1}, replica{running, bound, never, 9, 0}},
		{"ready for less time", replica{running, up, 9, 1, 0}, replica{running, up, 1, 9, 0}},
		{"created later", replica{running, bound, never, 9, 0}, replica{running, bound, never, 1, 0}},
	} {
		for _, swapped := range []bool{false, true} {
			s, rs := setBench(t, 1, 0)
			order := []replica{test.goes, test.stays}
			if swapped {
				order = []replica{test.stays, test.goes}
			}
			ids := map[replica]int32{}
			for _, r := range order {
				c := *s.classes[s.rsc.classOf(rs)]
				c.cost = r.cost
				class := s.addSetClass(rs, &c)
				ids[r] = putReplica(s, rs, func(p *pod) {
					p.class, p.phase, p.flags, p.readied, p.created = class, r.phase, r.flags, r.readied, r.created
				})
			}
			s.rsc.syncSet(rs)
			left := fmt.Sprint(s.appendActive(nil, rs))
			if want := fmt.Sprint([]int32{ids[test.stays]}); left != want {
				t.Errorf("%s, swapped %v: %s stays, want %s:\n%s", test.rule, swapped, left, want, lines(s.report()))
			}
		}
	}
}

// A ReplicaSet adopts orphans that its selector matches, and releases pods that it no
// longer does; neither is created or deleted for that
// (pkg/controller/controller_ref_manager.go: PodControllerRefManager.ClaimPods).
func TestWhichPodsAReplicaSetClaims(t *testing.T) {
	for _, test := range []struct {
		name      string
		labels    map[string]string
		namespace string
		phase     phase
		flags     podFlags
		mine      bool // before
		want      string
	}{
		{"an orphan", map[string]string{"app": "web"}, "default", running, orphan, false, "Adopted"},
		{"an orphan with other labels", map[string]string{"app": "db"}, "default", running, orphan, false, "Created"},
		{"an orphan elsewhere", map[string]string{"app": "web"}, "other", running, orphan, false, "Created"},
		{"an orphan that ended", map[string]string{"app": "web"}, "default", succeeded, orphan, false, "Created"},
		{"an orphan that goes", map[string]string{"app": "web"}, "default", running, orphan | terminating, false, "Created"},
		{"a pod that others have", map[string]string{"app": "web"}, "default", running, 0, false, "Created"},
		{"its own", map[string]string{"app": "web"}, "default", running, 0, true, ""},
		{"its own, with other labels now", map[string]string{"app": "db"}, "default", running, 0, true, "Released Created"},
	} {
		s, rs := setBench(t, 1, 0)
		c := newClass("web-", test.labels, &corev1.PodSpec{})
		c.namespace = test.namespace
		id := put(s, s.addClass(nil, c), func(p *pod) { p.phase, p.flags = test.phase, bound|test.flags })
		if test.mine {
			s.join(id, rs)
		}
		s.rsc.syncSet(rs)
		var kinds []string
		for _, e := range s.report() {
			kinds = append(kinds, fmt.Sprint(e.Kind))
		}
		if got := strings.Join(kinds, " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
