package main

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
)

// kindWords are the kinds of workloads, in the order in which a name without a kind
// means them, with the words that kubectl accepts for each.
var kindWords = []struct {
	kind  string
	words []string
}{
	{"DaemonSet", []string{"ds", "daemonset", "daemonsets", "daemonset.apps", "daemonsets.apps"}},
	{"Deployment", []string{"deploy", "deployment", "deployments", "deployment.apps", "deployments.apps"}},
	{"StatefulSet", []string{"sts", "statefulset", "statefulsets", "statefulset.apps", "statefulsets.apps"}},
	{"ReplicaSet", []string{"rs", "replicaset", "replicasets", "replicaset.apps", "replicasets.apps"}},
	{"Pod", []string{"po", "pod", "pods"}},
}

// kindOf returns the kind that a word of the command line means, or "".
func kindOf(word string) string {
	for _, k := range kindWords {
		if slices.Contains(k.words, strings.ToLower(word)) {
			return k.kind
		}
	}
	return ""
}

// workload is an object that runs pods, or a pod.
type workload struct {
	kind   string
	meta   metav1.Object
	object runtime.Object
}

// key returns "daemonset/namespace/name".
func (w workload) key() string {
	return strings.ToLower(w.kind) + "/" + w.meta.GetNamespace() + "/" + w.meta.GetName()
}

// workloads returns those of some kinds, kind after kind, that a namespace and a label
// selector leave. An empty namespace leaves all.
func workloads(m *cluster.Manifest, namespace string, selector labels.Selector, kinds ...string) []workload {
	var all []workload
	add := func(kind string, o runtime.Object) {
		meta := o.(metav1.Object)
		if (namespace == "" || meta.GetNamespace() == namespace) && selector.Matches(labels.Set(meta.GetLabels())) {
			all = append(all, workload{kind, meta, o})
		}
	}
	for _, kind := range kinds {
		switch kind {
		case "DaemonSet":
			for _, o := range m.DaemonSets {
				add(kind, o)
			}
		case "Deployment":
			for _, o := range m.Deployments {
				add(kind, o)
			}
		case "StatefulSet":
			for _, o := range m.StatefulSets {
				add(kind, o)
			}
		case "ReplicaSet":
			for _, o := range m.ReplicaSets {
				add(kind, o)
			}
		case "Pod":
			for _, o := range m.Pods {
				add(kind, o)
			}
		}
	}
	return all
}

// named is a name on the command line: "agent", "ds/agent", "logging/agent" or
// "ds/logging/agent".
type named struct{ kind, namespace, name string }

func parseName(text, namespace string) (named, error) {
	n := named{namespace: namespace}
	parts := strings.Split(text, "/")
	if len(parts) > 1 {
		if n.kind = kindOf(parts[0]); n.kind != "" {
			parts = parts[1:]
		}
	}
	if len(parts) == 2 {
		if namespace != "" && namespace != parts[0] {
			return n, fmt.Errorf("%s: the namespace is not that of -n %s", text, namespace)
		}
		n.namespace, parts = parts[0], parts[1:]
	}
	if len(parts) != 1 || parts[0] == "" {
		return n, fmt.Errorf("%s: must be NAME, KIND/NAME, NAMESPACE/NAME or KIND/NAMESPACE/NAME, with a KIND of ds, deploy, sts, rs or pod", text)
	}
	n.name = parts[0]
	return n, nil
}

// find returns the only workload that a name means. Without a kind, an object that runs
// pods is meant before a pod.
func find(m *cluster.Manifest, n named, kinds ...string) (workload, error) {
	if n.kind != "" {
		kinds = []string{n.kind}
	}
	var near []string
	for _, kind := range kinds {
		var found []workload
		for _, w := range workloads(m, n.namespace, labels.Everything(), kind) {
			if w.meta.GetName() == n.name {
				found = append(found, w)
			} else if strings.Contains(w.meta.GetName(), n.name) {
				near = append(near, w.key())
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return workload{}, fmt.Errorf("%s: is in %d namespaces: %s, ...: -n names one", n.name, len(found), found[0].key())
		}
	}
	err := fmt.Errorf("%s %q not found", strings.Join(kinds, ", "), n.name)
	if len(near) > 0 {
		err = fmt.Errorf("%w: did you mean %s?", err, strings.Join(near[:min(3, len(near))], " or "))
	}
	return workload{}, err
}
