package diagnosis

import "github.com/berthsim/berth/internal/enum"

// Law is a rule of Kubernetes that a diagnosis follows from.
type Law uint8

const (
	EndsWhenAvailable    Law = iota + 1 // a rollout has ended when every wanted pod is updated and available
	UnavailableIsSpent                  // a node without an available pod counts against maxUnavailable, whatever the cause
	SurgeIsSpent                        // a node with an old and a new pod counts against maxSurge
	OneAfterTheOther                    // no new pod is created while the old one is terminating
	KubeletConfirms                     // a bound pod is removed when its kubelet confirms it
	NodeTakesPodsAlong                  // the pods of a node that is not ready are not ready
	ReadyThenAvailable                  // a pod is available when it has been ready for minReadySeconds
	RequestsMustFit                     // the free resources of a node must cover what a pod requests
	PortsAreExclusive                   // on a node one pod at most uses a host port
	TaintsKeepOut                       // an unbound pod is not bound where it does not tolerate a taint
	LabelsKeepOut                       // an unbound pod is not bound where node affinity or node selector does not match
	SpreadMustHold                      // topology spread constraints hold for daemons too
	NeighboursMustSuit                  // pod affinity and anti-affinity hold for daemons too
	TurnsOutInTime                      // tolerationSeconds expire, and the controller, which ignores them, recreates the pod
	RestartsBackOff                     // a container that exits is restarted with growing delays, and its pod stays
	PullsBackOff                        // an image that cannot be pulled is retried with growing delays
	KubeletsReject                      // a kubelet may reject a bound pod, and the controller creates another
	BudgetsHoldEvictions                // an eviction is refused while a PodDisruptionBudget allows none
	LostNodeFailsSurge                  // with surge, an old pod on a removed node fails the whole update
	SelectorMustSelect                  // an empty selector selects all pods: the controller does nothing
	SelectorMustMatch                   // a pod that the selector does not match is not the DaemonSet's
	AmountsMustParse                    // maxUnavailable and maxSurge are numbers or percentages
	ForegroundWaits                     // a foreground deletion ends with the last pod
	EndsWhenComplete                    // a Deployment is complete when all its pods are updated and available
	NewOnesCount                        // new pods that are not available count against maxUnavailable
	RecreateWaits                       // no new pod is created while an old one exists
	SomeNodeMustFit                     // a pod is bound to a node that passes every filter
	PodsMustBeValid                     // the controller retries without limit what the API server refuses
	PausedIsLeft                        // a paused Deployment is only scaled
)

// laws lists where Kubernetes 1.37 has each law: in k8s.io/kubernetes, unless the path
// begins with another module.
var laws = [...]struct{ name, file, function, words string }{
	EndsWhenAvailable:    {"EndsWhenAvailable", "k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go", "DaemonSetStatusViewer.Status", "a rollout has ended when the pod of every wanted node is updated and available"},
	UnavailableIsSpent:   {"UnavailableIsSpent", "pkg/controller/daemon/update.go", "rollingUpdate", "a node without an available pod uses a unit of maxUnavailable, whoever made it so and whether a pod is wanted there or not"},
	SurgeIsSpent:         {"SurgeIsSpent", "pkg/controller/daemon/update.go", "rollingUpdate", "a node with an old and a new pod uses a unit of maxSurge until the new one is available"},
	OneAfterTheOther:     {"OneAfterTheOther", "pkg/controller/daemon/daemon_controller.go", "podsShouldBeOnNode", "no new pod comes while the old one is on its way out"},
	KubeletConfirms:      {"KubeletConfirms", "pkg/registry/core/pod/strategy.go", "CheckGracefulDelete", "a deleted pod goes when its kubelet has stopped it"},
	NodeTakesPodsAlong:   {"NodeTakesPodsAlong", "pkg/controller/util/node/controller_utils.go", "MarkPodsNotReady", "the pods of a node that is not ready are not ready"},
	ReadyThenAvailable:   {"ReadyThenAvailable", "pkg/api/v1/pod/util.go", "IsPodAvailable", "a pod counts when it has been ready for minReadySeconds"},
	RequestsMustFit:      {"RequestsMustFit", "pkg/scheduler/framework/plugins/noderesources/fit.go", "Fit.Filter", "what a node has left must cover what a pod requests"},
	PortsAreExclusive:    {"PortsAreExclusive", "pkg/scheduler/framework/plugins/nodeports/node_ports.go", "NodePorts.Filter", "a host port is taken once on a node"},
	TaintsKeepOut:        {"TaintsKeepOut", "pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go", "TaintToleration.Filter", "a pod that is not bound yet needs a toleration for every taint"},
	LabelsKeepOut:        {"LabelsKeepOut", "pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go", "NodeAffinity.Filter", "a pod that is not bound yet needs a node that its selector and affinity match"},
	SpreadMustHold:       {"SpreadMustHold", "pkg/scheduler/framework/plugins/podtopologyspread/filtering.go", "PodTopologySpread.Filter", "topology spread constraints hold for a DaemonSet's pods too"},
	NeighboursMustSuit:   {"NeighboursMustSuit", "pkg/scheduler/framework/plugins/interpodaffinity/filtering.go", "InterPodAffinity.Filter", "pod affinity and anti-affinity hold for a DaemonSet's pods too"},
	TurnsOutInTime:       {"TurnsOutInTime", "pkg/controller/tainteviction/taint_eviction.go", "processPodOnNode", "tolerationSeconds end, and the DaemonSet controller, which does not count them, makes the pod again"},
	RestartsBackOff:      {"RestartsBackOff", "pkg/kubelet/kuberuntime/kuberuntime_manager.go", "doBackOff", "a container that ends is started again, later each time, and its pod stays"},
	PullsBackOff:         {"PullsBackOff", "pkg/kubelet/images/image_manager.go", "EnsureImageExists", "an image that cannot be pulled is tried again, later each time"},
	KubeletsReject:       {"KubeletsReject", "pkg/kubelet/kubelet.go", "rejectPod", "a kubelet has the last word on a pod that comes to it, and for one that failed the controller makes another"},
	BudgetsHoldEvictions: {"BudgetsHoldEvictions", "pkg/registry/core/pod/storage/eviction.go", "checkAndDecrement", "an eviction is refused while a PodDisruptionBudget allows none"},
	LostNodeFailsSurge:   {"LostNodeFailsSurge", "pkg/controller/daemon/update.go", "rollingUpdate", "with surge, an old pod on a node that is gone fails the whole update"},
	SelectorMustSelect:   {"SelectorMustSelect", "pkg/controller/daemon/daemon_controller.go", "syncDaemonSet", "an empty selector selects all pods, and the controller does nothing"},
	SelectorMustMatch:    {"SelectorMustMatch", "pkg/controller/controller_ref_manager.go", "ClaimObject", "a pod that the selector does not match is not the DaemonSet's, and another is made"},
	AmountsMustParse:     {"AmountsMustParse", "pkg/controller/daemon/update.go", "updatedDesiredNodeCounts", "maxUnavailable and maxSurge are numbers or percentages"},
	ForegroundWaits:      {"ForegroundWaits", "pkg/controller/garbagecollector/garbagecollector.go", "processDeletingDependentsItem", "a foreground deletion ends with the last pod"},
	EndsWhenComplete:     {"EndsWhenComplete", "pkg/controller/deployment/util/deployment_util.go", "DeploymentComplete", "a Deployment is complete when all its pods are updated and available"},
	NewOnesCount:         {"NewOnesCount", "pkg/controller/deployment/rolling.go", "reconcileOldReplicaSets", "old pods go as long as enough are available, and new pods that are not count as if they were out"},
	RecreateWaits:        {"RecreateWaits", "pkg/controller/deployment/recreate.go", "oldPodsRunning", "with Recreate no new pod comes while an old one is there, be it on its way out"},
	SomeNodeMustFit:      {"SomeNodeMustFit", "pkg/scheduler/schedule_one.go", "findNodesThatFitPod", "a pod is bound to a node that passes every filter, or not at all"},
	PodsMustBeValid:      {"PodsMustBeValid", "pkg/controller/replicaset/replica_set.go", "manageReplicas", "what the API server does not take the controller tries again for ever"},
	PausedIsLeft:         {"PausedIsLeft", "pkg/controller/deployment/sync.go", "sync", "a Deployment that is paused is scaled and no more"},
}

var lawNames = enum.In[Law](laws[:], func(row struct{ name, file, function, words string }) string { return row.name })

func (l Law) known() bool { return l > 0 && int(l) < len(laws) }

// String returns the name of the law.
func (l Law) String() string { return lawNames.String(l) }

// Words returns the law in words.
func (l Law) Words() string {
	if l.known() {
		return laws[l].words
	}
	return ""
}

// Source returns where Kubernetes 1.37 has the law: a file of k8s.io/kubernetes,
// or of the module that the path begins with, and a function in the file.
func (l Law) Source() (file, function string) {
	if l.known() {
		return laws[l].file, laws[l].function
	}
	return "", ""
}

// MarshalText returns the name of the law.
func (l Law) MarshalText() ([]byte, error) { return lawNames.MarshalText(l) }

// UnmarshalText reads the name of a law.
func (l *Law) UnmarshalText(text []byte) error { return lawNames.UnmarshalText(l, text) }
