package cluster_test

import (
	"testing"

	"github.com/berthsim/berth/cluster"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A nil Cluster and the zero one answer as one without objects, and can be added to.
func TestNilAndZeroClustersAreEmpty(t *testing.T) {
	for _, c := range []*cluster.Cluster{nil, {}} {
		if n := c.Nodes().Len() + c.Matching(nil).Len() + c.HasLabel("a").Len() + c.Unschedulable().Len() + c.Borrow().Len() + len(c.Manifest().Pods); n != 0 {
			t.Error(n)
		}
		if _, err := c.Edit("a", cluster.Cordon()); err == nil {
			t.Error("edited a node that is not there")
		}
		more, err := c.With(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}})
		if err != nil || more.Nodes().Len() != 1 {
			t.Error(more, err)
		}
	}
	if m, err := cluster.ReadManifest(nil); m == nil || err == nil {
		t.Error(m, err)
	}
}
