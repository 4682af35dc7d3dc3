package kube

import (
	"slices"
	"strconv"
	"strings"
)

// Release is a minor release of Kubernetes: 36 is 1.36. The zero Release stands for
// one that is not known, and has the rules of LatestRelease.
type Release uint8

// The releases whose rules berth knows. A cluster of an earlier release is predicted
// by the rules of OldestRelease.
const (
	OldestRelease Release = 34
	LatestRelease Release = 37
)

// Has reports whether the release has a change.
func (r Release) Has(c *Change) bool { return r == 0 || r >= c.Since }

// Rules returns the release whose rules apply to a cluster of release r.
func (r Release) Rules() Release {
	if r == 0 {
		return LatestRelease
	}
	return min(max(r, OldestRelease), LatestRelease)
}

// String returns the release as "1.36".
func (r Release) String() string { return "1." + strconv.Itoa(int(r)) }

// ParseRelease returns the release of a version such as "v1.36.2-gke.100" or "1.36".
// It returns false for anything else and for another major version.
func ParseRelease(version string) (Release, bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(version, "v"), "1.")
	digits := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = rest[:i]
	}
	n, err := strconv.ParseUint(digits, 10, 8)
	return Release(n), ok && err == nil && n > 0
}

// Change is a rule that differs between the releases that berth knows.
type Change struct {
	Since Release // the first release with the new rule
	Rule  string  // the new rule and, after a semicolon, the one before
	File  string  // of k8s.io/kubernetes, in the release Since
	Func  string
}

// The changes. Each is read where its rule is applied.
var (
	BalanceImprovement = change(36,
		"NodeResourcesBalancedAllocation scores how much the pod improves the balance of a node; before, the balance with the pod",
		"pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go", "balancedResourceScorer")
	ImageVolumesScored = change(36,
		"ImageLocality counts the images of image volumes; before, only those of containers",
		"pkg/scheduler/framework/plugins/imagelocality/image_locality.go", "sumImageScores")
	ImageVolumesCounted = change(37,
		"ImageLocality divides by the number of containers and image volumes; before, of containers",
		"pkg/scheduler/framework/plugins/imagelocality/image_locality.go", "sumImageScores")
	NodeNamePreFilter = change(37,
		"NodeName restricts the nodes that are considered, and comes before NodeUnschedulable; before, it was a filter after it",
		"pkg/scheduler/framework/plugins/nodename/node_name.go", "PreFilter")
	NoClaimsUnmentioned = change(37,
		"DynamicResources says nothing of a pod without claims; before, FailedScheduling said \"no new claims to deallocate\"",
		"pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go", "PostFilter")
	ResizesSummed = change(37,
		"a pod that is resized in place counts with the largest of what its containers request, are allocated and use, each summed; before, with the sum of the largest of each container",
		"staging/src/k8s.io/component-helpers/resource/helpers.go", "AggregateContainerRequests")
	PodResizes = change(36,
		"a resize of a pod as a whole counts: its status.resources and status.allocatedResources; before, only spec.resources",
		"pkg/features/kube_features.go", "defaultVersionedKubernetesFeatureGates")
	TerminatingReplicas = change(35,
		"status.terminatingReplicas of ReplicaSets and Deployments counts pods on their way out; before, it was absent",
		"pkg/controller/replicaset/replica_set_utils.go", "calculateStatus")
	RecreateByOwner = change(36,
		"Recreate waits for all pods that the Deployment's ReplicaSets own; before, for those that its selector matches",
		"pkg/controller/deployment/deployment_controller.go", "getPodMapForDeployment")
	ContainerRestartRules = change(35,
		"containers may have a restartPolicy and restartPolicyRules; before, only init containers, and only Always: all else is dropped",
		"pkg/api/pod/util.go", "dropContainerRestartRules")
	PodResourcesCompleted = change(37,
		"resources of a pod as a whole are completed after admission, limits too; before, as defaults, and only requests if there are limits",
		"pkg/api/pod/util.go", "DefaultPodLevelResources")
	StatefulSetUnavailable = change(37,
		"a StatefulSet's maxUnavailable is 1 by default, and 0 is refused; before, the field is dropped",
		"pkg/apis/apps/v1/defaults.go", "SetDefaults_StatefulSet")
)

// Changes returns all changes in ascending order of their release.
func Changes() []*Change {
	return slices.SortedStableFunc(slices.Values(changes), func(a, b *Change) int { return int(a.Since) - int(b.Since) })
}

var changes []*Change

func change(since Release, rule, file, function string) *Change {
	c := &Change{since, rule, file, function}
	changes = append(changes, c)
	return c
}
