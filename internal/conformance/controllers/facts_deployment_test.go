package controllers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

const web = "default/web"

// deployed is a statement about Deployments, and a scenario whose trace it
// explains.
type deployed struct {
	Scenario
	// want is the expected state of the Deployment by ticks: "3" or "4-9". Words:
	// have ready updated avail unavail terminating gen rev collisions created deleted
	// failed refused = a number; sizes revs = the ReplicaSets', ascending by revision;
	// progressing available = a reason; quiet: nothing created or deleted; error: a
	// sync failed.
	want map[string]string
}

func TestDeploymentFacts(t *testing.T) {
	for _, f := range deploymentFacts {
		t.Run(strings.ReplaceAll(f.Name, " ", "_"), func(t *testing.T) { f.check(t) })
	}
}

func (f deployed) check(t *testing.T) {
	var trace Trace
	var err error
	InVirtualTime(t, func() { trace, err = Run(f.Scenario, Options{Draws: 1}) })
	if err != nil {
		t.Fatal(err)
	}
	failed := false
	for _, ticks := range sortedKeys(f.want) {
		from, to := span(t, ticks)
		for tick := from; tick <= to; tick++ {
			for _, word := range strings.Fields(f.want[ticks]) {
				if have := trace[tick].mismatch(word); have != "" {
					t.Errorf("tick %d: want %s, have %s", tick, word, have)
					failed = true
				}
			}
		}
	}
	if failed {
		t.Logf("%v%v", f.Scenario, trace)
	}
}

// mismatch is what is true instead of the word; empty if the word is.
func (t Tick) mismatch(word string) string {
	name, value, _ := strings.Cut(word, "=")
	if have := t.word(name); have != value {
		return name + "=" + have
	}
	return ""
}

func (t Tick) word(name string) string {
	d := t.Deployments[web]
	st := d.Status
	switch name {
	case "have":
		return fmt.Sprint(st.Replicas)
	case "ready":
		return fmt.Sprint(st.ReadyReplicas)
	case "updated":
		return fmt.Sprint(st.UpdatedReplicas)
	case "avail":
		return fmt.Sprint(st.AvailableReplicas)
	case "unavail":
		return fmt.Sprint(st.UnavailableReplicas)
	case "terminating":
		return number(st.TerminatingReplicas)
	case "gen":
		return fmt.Sprint(st.ObservedGeneration)
	case "collisions":
		return number(st.CollisionCount)
	case "rev":
		return d.Annotations[revisionAnnotation]
	case "refused":
		return fmt.Sprint(len(d.Refused))
	case "error":
		if len(d.Errors) == 0 {
			return "none"
		}
		return ""
	case "progressing", "available":
		for _, c := range st.Conditions {
			if strings.EqualFold(string(c.Type), name) {
				return c.Reason
			}
		}
		return "none"
	}
	return t.setsWord(name)
}

// setsWord is about all ReplicaSets together.
func (t Tick) setsWord(name string) string {
	created, deleted, failed := 0, 0, 0
	var sets []ReplicaSet
	for _, k := range sortedKeys(t.ReplicaSets) {
		rs := t.ReplicaSets[k]
		created, deleted = created+rs.Created, deleted+len(rs.Deleted)
		for _, p := range rs.Pods {
			if p.Phase == "Failed" {
				failed++
			}
		}
		if rs.Annotations != nil {
			sets = append(sets, rs)
		}
	}
	slices.SortStableFunc(sets, func(a, b ReplicaSet) int {
		return strings.Compare(a.Annotations[revisionAnnotation], b.Annotations[revisionAnnotation])
	})
	var words []string
	for _, rs := range sets {
		switch name {
		case "sizes":
			words = append(words, fmt.Sprint(rs.Replicas))
		case "revs":
			words = append(words, rs.Annotations[revisionAnnotation])
		case "desired":
			words = append(words, rs.Annotations["deployment.kubernetes.io/desired-replicas"]+"/"+rs.Annotations["deployment.kubernetes.io/max-replicas"])
		case "once":
			words = append(words, rs.Annotations["deployment.kubernetes.io/revision-history"])
		}
	}
	switch name {
	case "created":
		return fmt.Sprint(created)
	case "deleted":
		return fmt.Sprint(deleted)
	case "failed":
		return fmt.Sprint(failed)
	case "quiet":
		if created+deleted > 0 {
			return fmt.Sprintf("+%d-%d", created, deleted)
		}
	}
	return strings.Join(words, ",")
}

func deploy(image string, replicas int32, changes ...DeploymentChange) Apply {
	return Apply{Deployment: NewDeployment("web", image, replicas, changes...)}
}

func story(name string, nodes int, at map[int][]Input) Scenario {
	return Scenario{Name: name, Nodes: Nodes(nodes), At: at, Ticks: 16}
}

// squat is a ReplicaSet of somebody else with the name that the Deployment's next
// will get.
type squat struct{ d *appsv1.Deployment }

func (squat) input() {}

func (s squat) do(w *world) error {
	return admit(w.server, "replicasets", w.replicaSets, squatter(s.d), true)
}

var slow = Kubelet{Ready: 2 * time.Second, Stop: 3 * time.Second}
