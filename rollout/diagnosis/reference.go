package diagnosis

import "github.com/berthsim/berth/rollout"

// The rules of Kubernetes 1.37 that diagnoses follow from.
var (
	endsWhenAvailable = rollout.Reference{
		File: "k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go", Func: "DaemonSetStatusViewer.Status",
		Text: "a rollout is complete when every eligible node has an updated pod that is available",
	}
	maxUnavailableUsed = rollout.Reference{
		File: "pkg/controller/daemon/update.go", Func: "rollingUpdate",
		Text: "a node without an available pod counts against maxUnavailable, whatever the cause and even if the node is no longer eligible",
	}
	maxSurgeUsed = rollout.Reference{
		File: "pkg/controller/daemon/update.go", Func: "rollingUpdate",
		Text: "a node with an old and a new pod counts against maxSurge until the new pod is available",
	}
	oldPodFirst = rollout.Reference{
		File: "pkg/controller/daemon/daemon_controller.go", Func: "podsShouldBeOnNode",
		Text: "no new pod is created while the old one is terminating",
	}
	kubeletConfirms = rollout.Reference{
		File: "pkg/registry/core/pod/strategy.go", Func: "CheckGracefulDelete",
		Text: "a deleted pod is removed only after its kubelet has stopped it",
	}
	nodeNotReady = rollout.Reference{
		File: "pkg/kubelet/kubelet.go", Func: "SyncPod",
		Text: "a kubelet starts only pods with hostNetwork while its network is not ready, and none without its container runtime",
	}
	readyThenAvailable = rollout.Reference{
		File: "pkg/api/v1/pod/util.go", Func: "IsPodAvailable",
		Text: "a pod is available when it has been ready for minReadySeconds",
	}
	resourcesFit = rollout.Reference{
		File: "pkg/scheduler/framework/plugins/noderesources/fit.go", Func: "Fit.Filter",
		Text: "the free resources of a node must cover what a pod requests",
	}
	hostPorts = rollout.Reference{
		File: "pkg/scheduler/framework/plugins/nodeports/node_ports.go", Func: "NodePorts.Filter",
		Text: "at most one pod on a node uses a host port",
	}
	taintsTolerated = rollout.Reference{
		File: "pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go", Func: "TaintToleration.Filter",
		Text: "a pod is not bound to a node that has a taint it does not tolerate",
	}
	nodeAffinity = rollout.Reference{
		File: "pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go", Func: "NodeAffinity.Filter",
		Text: "a pod is bound only to a node that its node selector and node affinity match",
	}
	topologySpread = rollout.Reference{
		File: "pkg/scheduler/framework/plugins/podtopologyspread/filtering.go", Func: "PodTopologySpread.Filter",
		Text: "topology spread constraints apply to the pods of a DaemonSet too",
	}
	podAffinity = rollout.Reference{
		File: "pkg/scheduler/framework/plugins/interpodaffinity/filtering.go", Func: "InterPodAffinity.Filter",
		Text: "pod affinity and anti-affinity apply to the pods of a DaemonSet too",
	}
	tolerationExpires = rollout.Reference{
		File: "pkg/controller/tainteviction/taint_eviction.go", Func: "processPodOnNode",
		Text: "a pod is evicted when its tolerationSeconds expire, and the DaemonSet controller, which ignores them, recreates it",
	}
	containersRestart = rollout.Reference{
		File: "pkg/kubelet/kuberuntime/kuberuntime_manager.go", Func: "doBackOff",
		Text: "a container that exits is restarted with growing delays, and its pod stays",
	}
	pullsRetried = rollout.Reference{
		File: "pkg/kubelet/images/image_manager.go", Func: "EnsureImageExists",
		Text: "an image that cannot be pulled is retried with growing delays",
	}
	kubeletRejects = rollout.Reference{
		File: "pkg/kubelet/kubelet.go", Func: "rejectPod",
		Text: "a kubelet may reject a pod that is bound to its node, and the controller replaces the failed pod",
	}
	disruptionBudget = rollout.Reference{
		File: "pkg/registry/core/pod/storage/eviction.go", Func: "checkAndDecrement",
		Text: "an eviction is refused while a PodDisruptionBudget allows no disruption",
	}
	deletedNodeFailsSurge = rollout.Reference{
		File: "pkg/controller/daemon/update.go", Func: "rollingUpdate",
		Text: "with maxSurge, an old pod on a deleted node makes the whole sync fail",
	}
	emptySelector = rollout.Reference{
		File: "pkg/controller/daemon/daemon_controller.go", Func: "syncDaemonSet",
		Text: "an empty selector selects all pods, and the controller ignores the DaemonSet",
	}
	selectorMatches = rollout.Reference{
		File: "pkg/controller/controller_ref_manager.go", Func: "ClaimObject",
		Text: "a pod that the selector does not match is not the DaemonSet's, so another one is created",
	}
	amountsParse = rollout.Reference{
		File: "pkg/controller/daemon/update.go", Func: "updatedDesiredNodeCounts",
		Text: "maxUnavailable and maxSurge are numbers or percentages, and not both zero",
	}
	foregroundDeletion = rollout.Reference{
		File: "pkg/controller/garbagecollector/garbagecollector.go", Func: "processDeletingDependentsItem",
		Text: "an object deleted in the foreground stays until its last pod is removed",
	}
	endsWhenComplete = rollout.Reference{
		File: "pkg/controller/deployment/util/deployment_util.go", Func: "DeploymentComplete",
		Text: "a Deployment is complete when all its pods are updated and available",
	}
	newPodsCount = rollout.Reference{
		File: "pkg/controller/deployment/rolling.go", Func: "reconcileOldReplicaSets",
		Text: "old pods are deleted only while enough pods are available, and new pods that are not available count against maxUnavailable",
	}
	recreateWaits = rollout.Reference{
		File: "pkg/controller/deployment/recreate.go", Func: "oldPodsRunning",
		Text: "with Recreate, no new pod is created while an old one exists, even if it is terminating",
	}
	someNodeFits = rollout.Reference{
		File: "pkg/scheduler/schedule_one.go", Func: "findNodesThatFitPod",
		Text: "a pod is bound only to a node that passes every filter",
	}
	gatesFirst = rollout.Reference{
		File: "pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go", Func: "SchedulingGates.PreEnqueue",
		Text: "a pod with schedulingGates does not enter the scheduler's queue",
	}
	ownPodsOnly = rollout.Reference{
		File: "pkg/scheduler/eventhandlers.go", Func: "responsibleForPod",
		Text: "a scheduler binds only pods whose schedulerName is that of one of its profiles",
	}
	podsValid = rollout.Reference{
		File: "pkg/controller/replicaset/replica_set.go", Func: "manageReplicas",
		Text: "the controller retries without limit what the API server refuses",
	}
	pausedScalesOnly = rollout.Reference{
		File: "pkg/controller/deployment/sync.go", Func: "sync",
		Text: "a paused Deployment is scaled but not rolled out",
	}
	burstCreates = rollout.Reference{
		File: "pkg/controller/daemon/daemon_controller.go", Func: "syncNodes",
		Text: "a sync creates at most 250 pods",
	}
	failedPodBackoff = rollout.Reference{
		File: "pkg/controller/daemon/daemon_controller.go", Func: "podsShouldBeOnNode",
		Text: "a failed pod is replaced after a backoff",
	}
	onDeleteWaits = rollout.Reference{
		File: "pkg/controller/daemon/daemon_controller.go", Func: "updateDaemonSet",
		Text: "with OnDelete, an old pod is replaced only after someone deletes it",
	}
	failedSyncRetried = rollout.Reference{
		File: "pkg/controller/daemon/daemon_controller.go", Func: "processNextWorkItem",
		Text: "a sync that fails is retried with growing delays",
	}
)
