package rollout_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/room"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
)

// admitting are objects that decide about pods of the namespace apps, one a line.
const admitting = `{kind: LimitRange, apiVersion: v1, metadata: {name: defaults, namespace: apps}, spec: {limits: [{type: Container, defaultRequest: {cpu: "3"}, default: {cpu: "3"}}]}}
{kind: LimitRange, apiVersion: v1, metadata: {name: minimum, namespace: apps}, spec: {limits: [{type: Pod, min: {cpu: 100m}}]}}
{kind: LimitRange, apiVersion: v1, metadata: {name: limits, namespace: apps}, spec: {limits: [{type: Container, default: {cpu: 500m}}]}}
{kind: RuntimeClass, apiVersion: node.k8s.io/v1, metadata: {name: kata}, handler: kata, overhead: {podFixed: {cpu: 1500m}}, scheduling: {nodeSelector: {pool: gpu}, tolerations: [{key: gpu, operator: Exists}]}}
{kind: Namespace, apiVersion: v1, metadata: {name: apps, labels: {pod-security.kubernetes.io/enforce: baseline}}}
{kind: Namespace, apiVersion: v1, metadata: {name: apps, annotations: {scheduler.alpha.kubernetes.io/node-selector: pool=gpu}}}
{kind: PriorityClass, apiVersion: scheduling.k8s.io/v1, metadata: {name: high}, value: 1000}
{kind: ServiceAccount, apiVersion: v1, metadata: {name: agent, namespace: apps}}`

var agentSpecs = map[string]func(*corev1.PodSpec){
	"kata":      func(s *corev1.PodSpec) { s.RuntimeClassName = new("kata") },
	"host":      func(s *corev1.PodSpec) { s.HostNetwork = true },
	"high":      func(s *corev1.PodSpec) { s.PriorityClassName = "high" },
	"account":   func(s *corev1.PodSpec) { s.ServiceAccountName = "agent" },
	"stranger":  func(s *corev1.PodSpec) { s.ServiceAccountName = "stranger" },
	"tolerates": func(s *corev1.PodSpec) { s.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}} },
}

// A prediction says of each node what a settled simulation shows there. Premises are
// counted. Mutants seen to fail: a prediction without webhooks, and one with the plugins
// that are switched off.
func TestPredictionsAdmitAsSimulationsDo(t *testing.T) {
	seen := map[placement.Decision]int{}
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for _, object := range strings.Split(admitting, "\n") {
			if rapid.Bool().Draw(t, object) && !(strings.Contains(object, "Namespace") && strings.Contains(text.String(), "kind: Namespace")) {
				text.WriteString(object + "\n---\n")
			}
		}
		m, err := cluster.ReadManifest(strings.NewReader(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		ds := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("apps/agent"))
		for _, name := range []string{"kata", "host", "high", "account", "stranger", "tolerates"} {
			if rapid.IntRange(0, 3).Draw(t, name) == 0 {
				agentSpecs[name](&ds.Spec.Template.Spec)
			}
		}
		c, err := clustertest.World{
			clustertest.Node("big", "cpu:8", "pool=gpu"), clustertest.Node("small", "cpu:2"), clustertest.Node("far", "cpu:8", "pool=gpu", "taint:gpu=yes:NoSchedule"),
		}.Cluster(t).With(append(m.Objects(), ds)...)
		if err != nil {
			t.Fatal(err)
		}
		var config rollout.Config
		var opts []placement.Option
		if rapid.Bool().Draw(t, "plugin off") {
			config.DisableAdmissionPlugins = []string{"LimitRanger", "PodSecurity"}
			opts = append(opts, placement.WithoutAdmission(config.DisableAdmissionPlugins...))
		}
		w, err := placement.ForDaemonSet(ds, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "webhook") {
			config.Admit = func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2500m")}
			}
			w = room.WithWebhooks(w, config.Admit)
		}
		sim, err := rollout.New(c, config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sim.Settle(100); err != nil {
			t.Fatal(err)
		}
		pods, err := sim.Pods("apps/agent")
		if err != nil {
			t.Fatal(err)
		}
		p := w.Predict(c)
		for v := range p.Verdicts() {
			seen[v.Decision]++
			if p.Placed().Has(v.Node) != (v.Decision == placement.Placed) || p.Refused().Has(v.Node) != (v.Decision == placement.Refused) {
				t.Errorf("%v, but placed %v, refused %v", v, p.Placed(), p.Refused())
			}
			if got := fate(pods, v.Node); got != outcome(v.Decision) {
				t.Errorf("%v, but the simulation: %q; %+v", v, got, pods)
			}
		}
	})
	for _, d := range []placement.Decision{placement.Kept, placement.Refused, placement.Pending, placement.Placed} {
		if seen[d] < 10 {
			t.Errorf("%v: %d times only", d, seen[d])
		}
	}
}

// fate returns what has become of a DaemonSet's pod for a node.
func fate(pods []rollout.Pod, node string) string {
	for _, p := range pods {
		switch {
		case p.Node == node && p.Ready:
			return "runs"
		case p.Node == node:
			return "waits"
		}
	}
	return ""
}

// outcome returns the fate that a decision foretells.
func outcome(d placement.Decision) string {
	switch d {
	case placement.Placed:
		return "runs"
	case placement.Pending:
		return "waits"
	}
	return ""
}
