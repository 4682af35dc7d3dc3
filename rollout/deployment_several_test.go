package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/internal/probe"
)

const (
	revisionKey        = "deployment.kubernetes.io/revision"
	revisionHistoryKey = "deployment.kubernetes.io/revision-history"
)

// webOf is a Deployment as the API server stores it.
func webOf(name, image string, replicas int32) *appsv1.Deployment {
	app := map[string]string{"app": "web"}
	return cluster.Default(&appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: image}}}},
		},
	})
}

// setOf is a ReplicaSet that a Deployment controls, with the hash that it has
// after so many collisions.
func setOf(d *appsv1.Deployment, replicas int32, collisions *int32) *appsv1.ReplicaSet {
	hash, controller := kube.TemplateHash(0, &d.Spec.Template, collisions), true
	template := d.Spec.Template.DeepCopy()
	template.Labels = map[string]string{"app": "web", "pod-template-hash": hash}
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: d.Name + "-" + hash, UID: types.UID(hash), Labels: template.Labels, Annotations: map[string]string{},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID, Controller: &controller}},
		},
		Spec: appsv1.ReplicaSetSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: *template},
	}
}

func simulate(t *testing.T, objects ...runtime.Object) *rollout.Sim {
	t.Helper()
	return simulateWith(t, rollout.Config{}, objects...)
}

func simulateWith(t *testing.T, config rollout.Config, objects ...runtime.Object) *rollout.Sim {
	t.Helper()
	c, err := cluster.New(append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}})...)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := rollout.New(c, config)
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// settle injects inputs, and returns what happens then, an event a line.
func settle(t *testing.T, sim *rollout.Sim, in ...rollout.Input) string {
	t.Helper()
	if err := sim.Inject(in...); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for events := range sim.Run(1000) {
		for _, e := range events {
			fmt.Fprintln(&b, e)
		}
	}
	return b.String()
}

func statusOf(t *testing.T, sim *rollout.Sim, key string) appsv1.DeploymentStatus {
	t.Helper()
	st, ok := rollout.DeploymentStatus(sim, key)
	if !ok {
		t.Fatalf("there is no Deployment %s", key)
	}
	return st
}

func conditionOf(st appsv1.DeploymentStatus, typ appsv1.DeploymentConditionType) appsv1.DeploymentCondition {
	for _, c := range st.Conditions {
		if c.Type == typ {
			return c
		}
	}
	return appsv1.DeploymentCondition{}
}

// Each hash whose name another ReplicaSet has already is counted as a collision
// (pkg/controller/deployment/sync.go: getNewReplicaSet).
func TestHashCollisionsAreCounted(t *testing.T) {
	d := webOf("web", "v1", 2)
	other := webOf("web", "v2", 2)
	other.UID = "another"
	for _, taken := range []int32{0, 1, 2, 6} {
		var objects []runtime.Object
		names := map[string]bool{}
		for n := range taken {
			collisions := &n
			if n == 0 {
				collisions = nil
			}
			stranger := setOf(d, 0, collisions)
			stranger.OwnerReferences, stranger.Spec.Template = setOf(other, 0, nil).OwnerReferences, setOf(other, 0, nil).Spec.Template
			stranger.Spec.Selector = &metav1.LabelSelector{MatchLabels: stranger.Spec.Template.Labels}
			names[stranger.Name] = true
			objects = append(objects, stranger)
		}
		sim := simulate(t, objects...)
		events := settle(t, sim, rollout.Apply{Object: d})
		want := setOf(d, 2, nil).Name
		if taken > 0 {
			want = setOf(d, 2, &taken).Name
		}
		st := statusOf(t, sim, "default/web")
		if got := st.CollisionCount; taken == 0 && got != nil || taken > 0 && (got == nil || *got != taken) {
			t.Errorf("%d taken: collisionCount is not that", taken)
		}
		sets := rollout.ReplicaSetsOf(sim, "default/web")
		if len(sets) != 1 || sets[0].Name != want || *sets[0].Spec.Replicas != 2 || st.AvailableReplicas != 2 || names[want] {
			t.Errorf("%d taken: %d ReplicaSets, %d pods available, want one, %s, and 2:\n%s", taken, len(sets), st.AvailableReplicas, want, events)
		}
	}
}

// The Deployment's own ReplicaSet of that template is no collision, whichever hash
// its name has (pkg/controller/deployment/util/deployment_util.go:
// FindNewReplicaSet).
func TestTheOwnReplicaSetIsNoCollision(t *testing.T) {
	three := int32(3)
	for _, collisions := range []*int32{nil, &three} {
		d := webOf("web", "v1", 1)
		own := setOf(d, 1, collisions)
		sim := simulate(t, d, own)
		settle(t, sim)
		if sets := rollout.ReplicaSetsOf(sim, "default/web"); len(sets) != 1 || sets[0].Name != own.Name || statusOf(t, sim, "default/web").CollisionCount != nil {
			t.Errorf("%s is not taken over", own.Name)
		}
	}
}

// A name that is cut off at a dot makes an invalid name of the ReplicaSet: the
// Deployment is valid, and says ReplicaSetCreateError where it has a deadline.
func TestAReplicaSetThatIsRefusedIsACondition(t *testing.T) {
	hash := kube.TemplateHash(0, &webOf("web", "v1", 1).Spec.Template, nil)
	longest := 253 - len("-") - len(hash)
	for _, test := range []struct {
		name    string
		refused bool
	}{
		{strings.Repeat("a", longest-1) + ".b", true},
		{strings.Repeat("a", longest) + "b", false},
		{strings.Repeat("a", longest), false},
	} {
		d := webOf(test.name, "v1", 1)
		sim := simulate(t)
		events := settle(t, sim, rollout.Apply{Object: d})
		key := "default/" + test.name
		progressing := conditionOf(statusOf(t, sim, key), appsv1.DeploymentProgressing)
		sets := rollout.ReplicaSetsOf(sim, key)
		if !test.refused {
			if want := test.name[:longest] + "-" + hash; len(sets) != 1 || sets[0].Name != want {
				t.Errorf("%d letters: no ReplicaSet %s", len(test.name), want)
			}
			continue
		}
		begin := fmt.Sprintf("Failed to create new replica set %q: ", test.name[:longest]+"-"+hash)
		if len(sets) != 0 || progressing.Status != "False" || progressing.Reason != "ReplicaSetCreateError" || !strings.HasPrefix(progressing.Message, begin) {
			t.Errorf("%d ReplicaSets, %+v, want ReplicaSetCreateError", len(sets), progressing)
		}
		if n := strings.Count(events, "ReplicaSetCreateError"); n != 1 {
			t.Errorf("ReplicaSetCreateError is said %d times:\n%s", n, events)
		}
		limitless := d.DeepCopy()
		limitless.Name = "b" + test.name[1:]
		var never int32 = 1<<31 - 1 // (pkg/controller/deployment/util/deployment_util.go: HasProgressDeadline)
		limitless.Spec.ProgressDeadlineSeconds = &never
		settle(t, sim, rollout.Apply{Object: limitless})
		if c := conditionOf(statusOf(t, sim, "default/"+limitless.Name), appsv1.DeploymentProgressing); c.Reason != "" {
			t.Errorf("without a deadline: %+v", c)
		}
	}
}

// A ReplicaSet keeps the revisions that it had, in at most 2000 letters; the oldest
// go first (pkg/controller/deployment/util/deployment_util.go:
// SetNewReplicaSetAnnotations).
func TestRevisionHistoryIsCutAtItsOldEnd(t *testing.T) {
	many := func(n int) string { return strings.Repeat("12345678,", n) } // nine letters each
	for _, test := range []struct{ name, had, want string }{
		{"none", "", "7"},
		{"one", "3", "3,7"},
		{"two", "3,5", "3,5,7"},
		{"many", "1,2,3,4,5,6", "1,2,3,4,5,6,7"},
		{"no first one", ",5", "7"},
		{"just room", many(221) + "123456789", many(221) + "123456789,7"},
		{"one letter too many", many(221) + "1234567890", many(220) + "1234567890,7"},
		{"far too many", many(300) + "5", many(221) + "5,7"},
		{"one that is too long", strings.Repeat("1", 2500), "7"},
	} {
		d := webOf("web", "v1", 1)
		back, now := setOf(d, 0, nil), setOf(webOf("web", "v2", 1), 1, nil)
		back.Annotations[revisionKey], now.Annotations[revisionKey] = "7", "8"
		if test.had != "" {
			back.Annotations[revisionHistoryKey] = test.had
		}
		sim := simulate(t, d, back, now)
		settle(t, sim)
		for _, rs := range rollout.ReplicaSetsOf(sim, "default/web") {
			if rs.Name != back.Name {
				continue
			}
			if got := rs.Annotations[revisionHistoryKey]; got != test.want || rs.Annotations[revisionKey] != "9" || len(got) > 2000 {
				t.Errorf("%s: revision %s, history of %d letters %q, want %d %q", test.name, rs.Annotations[revisionKey], len(got), got, len(test.want), test.want)
			}
		}
	}
}

// orphan is a running pod that nobody controls.
func orphan(namespace, name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec:       corev1.PodSpec{NodeName: "n1", Containers: []corev1.Container{{Name: "main", Image: "v1"}}},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

// A ReplicaSet adopts live orphans in its namespace that its selector matches. It
// creates missing pods and deletes surplus ones
// (pkg/controller/controller_ref_manager.go: ClaimPods).
func TestReplicaSetsAdoptOrphans(t *testing.T) {
	for _, orphans := range []int{0, 1, 2, 7} {
		const replicas = 3
		d := webOf("web", "v1", replicas)
		own := setOf(d, replicas, nil)
		labels := own.Spec.Template.Labels
		objects := []runtime.Object{d, own, orphan("other", "far", labels), orphan("default", "unlike", map[string]string{"app": "web"})}
		over := orphan("default", "over", labels)
		over.Status.Phase = corev1.PodFailed
		taken := orphan("default", "taken", labels)
		controller := true
		taken.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db", UID: "db", Controller: &controller}}
		objects = append(objects, over, taken)
		for i := range orphans {
			objects = append(objects, orphan("default", fmt.Sprintf("lost-%d", i), labels))
		}
		sim := simulate(t, objects...)
		events := settle(t, sim)
		for kind, want := range map[string]int{
			" Adopted ": orphans, " Created ": max(0, replicas-orphans), " Deleted ": max(0, orphans-replicas),
		} {
			if got := strings.Count(events, kind); got != want {
				t.Errorf("%d orphans: %d%s, want %d:\n%s", orphans, got, kind, want, events)
			}
		}
		pods := rollout.ShownPods(sim, "default/web")
		lost := 0
		for _, p := range pods {
			if strings.HasPrefix(p.Name, "lost-") {
				lost++
			}
		}
		if len(pods) != replicas || lost != min(orphans, replicas) {
			t.Errorf("%d orphans: %d pods, %d of them adopted: %v", orphans, len(pods), lost, pods)
		}
		// The adopted ones are updated as the others are.
		settle(t, sim, rollout.Apply{Object: webOf("web", "v2", replicas)})
		if st := statusOf(t, sim, "default/web"); st.UpdatedReplicas != replicas || st.Replicas != replicas || st.AvailableReplicas != replicas {
			t.Errorf("%d orphans: after an update %+v", orphans, st)
		}
	}
}

// The image of a template may have spaces around it, that of a pod must not: the
// failure of the ReplicaSet is the Deployment's until it is over
// (pkg/controller/deployment/progress.go: getReplicaFailures).
func TestReplicaFailureIsTheDeployments(t *testing.T) {
	const complaint = "must not have leading or trailing whitespace"
	for _, replicas := range []int32{1, 2, 7} {
		sim := simulate(t)
		settle(t, sim, rollout.Apply{Object: webOf("web", " v1", replicas)})
		set := rollout.ReplicaSetsOf(sim, "default/web")[0]
		if c := set.Status.Conditions; len(c) != 1 || c[0].Type != appsv1.ReplicaSetReplicaFailure || c[0].Reason != "FailedCreate" || !strings.Contains(c[0].Message, complaint) {
			t.Errorf("%d replicas: the ReplicaSet says %+v", replicas, c)
			continue
		}
		got, from := conditionOf(statusOf(t, sim, "default/web"), appsv1.DeploymentReplicaFailure), set.Status.Conditions[0]
		want := appsv1.DeploymentCondition{
			Type: appsv1.DeploymentReplicaFailure, Status: from.Status, Reason: from.Reason, Message: from.Message,
			LastTransitionTime: from.LastTransitionTime, LastUpdateTime: from.LastTransitionTime,
		}
		if got != want {
			t.Errorf("%d replicas: the Deployment says %+v, want %+v", replicas, got, want)
		}
		settle(t, sim, rollout.Apply{Object: webOf("web", "v1", replicas)})
		st := statusOf(t, sim, "default/web")
		if c := conditionOf(st, appsv1.DeploymentReplicaFailure); c.Type != "" || st.AvailableReplicas != replicas {
			t.Errorf("%d replicas: still %+v, and %d available", replicas, c, st.AvailableReplicas)
		}
		// Back to it: of the new and the old ReplicaSet only the new one fails.
		settle(t, sim, rollout.Apply{Object: webOf("web", " v2", replicas)})
		st = statusOf(t, sim, "default/web")
		if c := conditionOf(st, appsv1.DeploymentReplicaFailure); c.Status != "True" || !strings.Contains(c.Message, " v2") || st.AvailableReplicas == 0 {
			t.Errorf("%d replicas: after an update that fails %+v, and %d available", replicas, c, st.AvailableReplicas)
		}
	}
}

// podOf is a running pod of a ReplicaSet.
func podOf(rs *appsv1.ReplicaSet, name string, labels map[string]string) *corev1.Pod {
	controller := true
	p := orphan(rs.Namespace, name, labels)
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: rs.Name, UID: rs.UID, Controller: &controller}}
	return p
}

// livePods are the names of the live pods that a kind of controller, or nobody, has.
func livePods(sim *rollout.Sim, kind string) (names []string) {
	for _, p := range sim.Cluster().Manifest().Pods {
		controller := ""
		if ref := metav1.GetControllerOf(p); ref != nil {
			controller = ref.Kind
		}
		if p.DeletionTimestamp == nil && controller == kind {
			names = append(names, p.Name)
		}
	}
	return names
}

// A ReplicaSet releases the pods that its selector no longer matches, and makes as
// many in their place; a released pod runs on.
func TestReplicaSetsReleasePods(t *testing.T) {
	for _, released := range []int{0, 1, 2, 7} {
		const replicas = 7
		d := webOf("web", "v1", replicas)
		own := setOf(d, replicas, nil)
		objects := []runtime.Object{d, own}
		for i := range replicas {
			labels := own.Spec.Template.Labels
			if i < released {
				labels = map[string]string{"app": "debug"}
			}
			objects = append(objects, podOf(own, fmt.Sprintf("web-%d", i), labels))
		}
		sim := simulate(t, objects...)
		events := settle(t, sim)
		if got, made := strings.Count(events, " Released "), strings.Count(events, " Created "); got != released || made != released {
			t.Errorf("%d unlike: %d released, %d made:\n%s", released, got, made, events)
		}
		if free, owned := livePods(sim, ""), livePods(sim, "ReplicaSet"); len(free) != released || len(owned) != replicas {
			t.Errorf("%d unlike: %d are free and %d owned", released, len(free), len(owned))
		}
	}
}

// A ReplicaSet without a Deployment keeps its own number of pods. Pods that are
// not ready are deleted first, then by lowest deletion cost, then by name.
func TestAReplicaSetAlone(t *testing.T) {
	for _, test := range []struct {
		replicas int32
		want     string
	}{
		{5, "cheap late plain slow worth"},
		{4, "cheap late plain worth"},
		{3, "late plain worth"},
		{2, "plain worth"},
		{1, "worth"},
		{0, ""},
	} {
		rs := setOf(webOf("web", "v1", 5), test.replicas, nil)
		rs.OwnerReferences = nil
		objects := []runtime.Object{rs}
		for name, cost := range map[string]string{"plain": "", "late": "", "worth": "5", "cheap": "-5", "slow": "9"} {
			p := podOf(rs, name, rs.Spec.Template.Labels)
			if cost != "" {
				p.Annotations = map[string]string{corev1.PodDeletionCost: cost}
			}
			if name == "slow" {
				p.Status.Conditions[0].Status = corev1.ConditionFalse
			}
			objects = append(objects, p)
		}
		sim := simulateWith(t, rollout.Config{Kubelet: rollout.Kubelet{Ready: time.Hour}}, objects...)
		sim.Tick()
		names := livePods(sim, "ReplicaSet")
		slices.Sort(names)
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%d replicas: %q stay, want %q", test.replicas, got, test.want)
		}
	}
	rs := setOf(webOf("web", "v1", 5), 3, nil)
	rs.OwnerReferences = nil
	if got := livePods(settled(t, rs, podOf(rs, "one", rs.Spec.Template.Labels)), "ReplicaSet"); len(got) != 3 {
		t.Errorf("%d pods, want 3", len(got))
	}
}

func settled(t *testing.T, objects ...runtime.Object) *rollout.Sim {
	t.Helper()
	sim := simulate(t, objects...)
	settle(t, sim)
	return sim
}

// Pods of a template that names its node are scheduled by nobody: they are bound when
// they are made, and run on a node that is cordoned.
func TestPodsThatNameTheirNode(t *testing.T) {
	for _, replicas := range []int32{1, 2, 7} {
		d := webOf("web", "v1", replicas)
		d.Spec.Template.Spec.NodeName = "n1"
		sim := simulate(t)
		settle(t, sim, rollout.EditNode{Node: "n1", Edits: []cluster.NodeEdit{cluster.Cordon()}}, rollout.Apply{Object: d})
		if st := statusOf(t, sim, "default/web"); st.AvailableReplicas != replicas {
			t.Errorf("%d replicas: %d available", replicas, st.AvailableReplicas)
		}
		for _, p := range rollout.ShownPods(sim, "default/web") {
			if p.Node != "n1" {
				t.Errorf("%v is not on n1", p)
			}
		}
		settle(t, sim, rollout.Scale{Key: "default/web", Replicas: replicas + 3})
		if st := statusOf(t, sim, "default/web"); st.AvailableReplicas != replicas+3 {
			t.Errorf("%d replicas: %d available after 3 more", replicas, st.AvailableReplicas)
		}
	}
}

// A script chooses among the pods that no rule tells apart, and among no others: all
// ways are there, each once.
func TestScriptsChooseAmongEqualPods(t *testing.T) {
	for _, test := range []struct {
		replicas int32
		ways     int // none: there is no choice
		always   string
	}{
		{5, 0, "a b c d e"}, {4, 0, "b c d e"}, {3, 4, ""}, {2, 6, ""}, {1, 4, ""}, {0, 0, ""},
	} {
		d := webOf("web", "v1", test.replicas)
		own := setOf(d, 5, nil)
		objects := []runtime.Object{d, own}
		for _, name := range []string{"e", "c", "a", "d", "b"} {
			p := podOf(own, name, own.Spec.Template.Labels)
			if name == "a" {
				p.Annotations = map[string]string{corev1.PodDeletionCost: "-1"}
			}
			objects = append(objects, p)
		}
		stayed := map[string]bool{}
		for way := range max(1, test.ways) {
			sim := simulateWith(t, rollout.Config{Order: rollout.OrderFromScript, Choices: []int{way}}, objects...)
			sim.Tick()
			names := livePods(sim, "ReplicaSet")
			slices.Sort(names)
			stayed[strings.Join(names, " ")] = true
			choices := probe.Choices(sim)
			if test.ways == 0 && len(choices) == 0 {
				continue
			}
			want := probe.Choice{Key: "deployment/default/web", Pick: 4 - int(test.replicas), Candidates: 4, Count: test.ways, Chosen: way}
			if len(choices) > 0 {
				want.Tick, want.Round = choices[0].Tick, choices[0].Round
			}
			if len(choices) != 1 || choices[0] != want {
				t.Errorf("%d replicas: choices %v, want %v", test.replicas, choices, want)
			}
			if want := fmt.Sprintf("of 4 pods, choice %d of %d", way, test.ways); len(choices) == 1 && !strings.HasSuffix(choices[0].String(), want) {
				t.Errorf("%v does not end with %q", choices[0], want)
			}
		}
		if test.ways > 0 && len(stayed) != test.ways || test.always != "" && !stayed[test.always] {
			t.Errorf("%d replicas: %v stayed, want %d ways", test.replicas, stayed, test.ways)
		}
		for names := range stayed { // the cheapest goes first, always
			if test.replicas < 5 && strings.Contains(names, "a") {
				t.Errorf("%d replicas: %q stayed", test.replicas, names)
			}
		}
	}
}

// The cost of a deletion is a number of 32 bits without a plus or leading zeros; what
// is none counts as 0 (pkg/apis/core/helper/helpers.go:
// GetDeletionCostFromPodAnnotations).
func TestWhatIsNoDeletionCostIsZero(t *testing.T) {
	for cost, goes := range map[string]string{
		"1": "zero", "-1": "other", "+1": "other", "01": "other", "0": "other", "x": "other", "": "other", "2147483647": "zero", "2147483648": "other", "-2147483648": "other",
	} {
		rs := setOf(webOf("web", "v1", 2), 1, nil)
		rs.OwnerReferences = nil
		zero, other := podOf(rs, "zero", rs.Spec.Template.Labels), podOf(rs, "other", rs.Spec.Template.Labels)
		other.Annotations = map[string]string{corev1.PodDeletionCost: cost}
		sim := simulate(t, rs, zero, other)
		sim.Tick()
		stays := map[string]string{"zero": "other", "other": "zero"}[goes]
		if got := livePods(sim, "ReplicaSet"); len(got) != 1 || got[0] != stays {
			t.Errorf("cost %q: %v stays, want %s", cost, got, stays)
		}
	}
}
