package defaults

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// BenchmarkDefault compares Apply with the deep copy that it includes, for a pod as
// in a manifest and for the same pod read back from a cluster.
func BenchmarkDefault(b *testing.B) {
	written := parse(b, &corev1.Pod{}, `
metadata: {name: agent-x, namespace: kube-system, labels: {app: agent}}
spec:
  hostNetwork: true
  nodeName: node-1
  tolerations: [{operator: Exists}]
  volumes: [{name: run, hostPath: {path: /run}}, {name: config, configMap: {name: agent}}]
  containers:
  - name: agent
    image: quay.io/agent/agent:1.2.3
    ports: [{containerPort: 9100}]
    env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
    resources: {limits: {cpu: 200m, memory: 128Mi}}
    readinessProbe: {httpGet: {path: /ready, port: 9100}}
    volumeMounts: [{name: run, mountPath: /run}, {name: config, mountPath: /config}]
`)
	untagged := written.DeepCopy()
	untagged.Spec.Containers[0].Image = "quay.io/agent/agent"
	set := &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: written.Spec}}}

	stored := Apply(written)

	for _, run := range []struct {
		name string
		do   func()
	}{
		{"stored/copy", func() { stored.DeepCopyObject() }},
		{"stored/default", func() { Apply(stored) }},
		{"written/copy", func() { written.DeepCopyObject() }},
		{"written/default", func() { Apply(written) }},
		{"untagged/default", func() { Apply(untagged) }},
		{"daemon set/copy", func() { set.DeepCopyObject() }},
		{"daemon set/default", func() { Apply(set) }},
	} {
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run.do()
			}
		})
	}
}
