package cluster_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/zero"
)

// Zero values return zero values or errors.
func TestZeroValues(t *testing.T) {
	zero.Check(t,
		(*cluster.Cluster)(nil), (*cluster.Manifest)(nil), cluster.ManifestError{},
		cluster.NodeEdit{}, cluster.NodeSet{}, cluster.Version(""),
		cluster.Adopt, cluster.Cordon, cluster.Default[*corev1.Node], cluster.KeepAll, cluster.Label, cluster.New, cluster.NotReady, cluster.ParseNodeEdit,
		cluster.ReadFiles, cluster.ReadManifest, cluster.Ready, cluster.SkipInvalid, cluster.Strict, cluster.Taint, cluster.Uncordon, cluster.Unlabel, cluster.Untaint, cluster.Validate, cluster.Versions,
	)
}
