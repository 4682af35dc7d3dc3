package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/timeline"
)

// Rollout is the course of a DaemonSet or Deployment.
type Rollout struct {
	Timeline *timeline.Timeline
	Promised int // how many pods its update limit keeps available; below 0 if unknown
	places   map[string]place
}

// place is where a row of a timeline is: a node, or the node of a pod.
type place struct{ zone, pool string }

// Watch passes at most max ticks of the simulation, as timeline.Watch does, and returns
// the course of the DaemonSet or Deployment in them.
func Watch(sim *rollout.Sim, key string, max int) (Rollout, error) {
	r := Rollout{Promised: -1, places: map[string]place{}}
	before, _ := sim.Pods(key) // none if it is still to be applied
	nodes := sim.Cluster().Nodes()
	picture, err := timeline.Watch(sim, key, max)
	if err != nil {
		return r, err
	}
	r.Timeline = picture
	byNode := map[string]place{}
	for node := range nodes.Or(sim.Cluster().Nodes()).All() {
		byNode[node.Name] = placeOf(node)
		r.places[node.Name] = byNode[node.Name]
	}
	after, _ := sim.Pods(key) // none if it was deleted
	for _, pod := range slices.Concat(before, after) {
		r.places[pod.Name] = byNode[pod.Node]
	}
	for _, e := range picture.Events {
		if e.Key == picture.Key && e.Pod != "" && e.Node != "" {
			r.places[e.Pod] = byNode[e.Node]
		}
	}
	if object, err := sim.Object(key); err == nil {
		r.Promised = promised(object)
	}
	return r, nil
}

func placeOf(node *corev1.Node) place {
	p := place{zone: node.Labels[corev1.LabelTopologyZone]}
	for _, key := range slices.Sorted(maps.Keys(node.Labels)) {
		name := key[strings.LastIndex(key, "/")+1:]
		if slices.Contains([]string{"pool", "nodepool", "node-pool", "nodegroup", "agentpool", "gke-nodepool"}, name) {
			p.pool = node.Labels[key]
			break
		}
	}
	return p
}

// promised returns how many pods the update limit of an object keeps available
// (pkg/controller/daemon/update.go: updatedDesiredNodeCounts;
// pkg/controller/deployment/util/deployment_util.go: MaxUnavailable).
func promised(object runtime.Object) int {
	switch o := object.(type) {
	case *appsv1.DaemonSet:
		desired := int(o.Status.DesiredNumberScheduled)
		update := o.Spec.UpdateStrategy.RollingUpdate
		if update == nil || update.MaxUnavailable == nil {
			return -1
		}
		return desired - scaled(update.MaxUnavailable, desired, true)
	case *appsv1.Deployment:
		update := o.Spec.Strategy.RollingUpdate
		if update == nil || update.MaxUnavailable == nil || o.Spec.Replicas == nil {
			return -1
		}
		return int(*o.Spec.Replicas) - scaled(update.MaxUnavailable, int(*o.Spec.Replicas), false)
	}
	return -1
}

func scaled(amount *intstr.IntOrString, of int, up bool) int {
	n, err := intstr.GetScaledValueFromIntOrPercent(amount, of, up)
	if err != nil {
		return 0
	}
	return min(n, of)
}

// rows is a timeline for the script of the page. Letters are written with the length of
// their stretches, as a3W1A20.
type rows struct {
	Key   string      `json:"key"`
	First int         `json:"first"`
	Ticks int         `json:"ticks"`
	Tick  float64     `json:"tick"` // seconds
	Rows  [][4]string `json:"rows"` // name, zone, pool, letters
}

func (r Rollout) rows() rows {
	t := r.Timeline
	all := rows{Key: visible(t.Key), First: t.FirstTick, Ticks: r.ticks(), Tick: t.Tick.Seconds(), Rows: [][4]string{}}
	for i, letters := range t.Rows {
		at := r.places[t.Names[i]]
		all.Rows = append(all.Rows, [4]string{visible(t.Names[i]), visible(at.zone), visible(at.pool), stretches(letters)})
	}
	return all
}

func (r Rollout) ticks() int {
	ticks := 0
	for _, letters := range r.Timeline.Rows {
		ticks = max(ticks, len(letters))
	}
	return ticks
}

func stretches(letters string) string {
	var b strings.Builder
	for from := 0; from < len(letters); {
		to := from
		for to < len(letters) && letters[to] == letters[from] {
			to++
		}
		fmt.Fprintf(&b, "%c%d", letters[from], to-from)
		from = to
	}
	return b.String()
}
