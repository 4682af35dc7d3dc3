package cluster_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
)

// TestLinesOfLargeDocuments: mistakes that validation and decoding find in a
// document of many megabytes have the line of their field, in YAML and in JSON.
// Mutants it fails on: noText (worker.finish drops the text of what is not valid).
func TestLinesOfLargeDocuments(t *testing.T) {
	objects := func(yield func(runtime.Object) bool) {
		for o := range gen.Dump(25) {
			if pod, ok := o.(*corev1.Pod); ok && pod.Spec.NodeName == "node-00024" && strings.HasPrefix(pod.Name, "agent-3") {
				pod.Spec.Containers[1].Ports[0].ContainerPort = 99999
			}
			if !yield(o) {
				return
			}
		}
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"YAML": func(b *bytes.Buffer) error { return gen.WriteYAML(b, objects) },
		"JSON": func(b *bytes.Buffer) error { return gen.WriteJSON(b, objects) },
	} {
		var text bytes.Buffer
		if err := write(&text); err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(text.String(), "99999")
		m, err := cluster.ReadManifest(&text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Cluster()
		want := fmt.Sprintf("document 1, line %d: Pod apps/agent-3-00723: spec.containers[1].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive", 1+strings.Count(before, "\n"))
		if err == nil || err.Error() != want {
			t.Errorf("%s (%d bytes)\ngot  %v\nwant %s", name, len(before), err, want)
		}
	}
}
