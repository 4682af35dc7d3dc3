package diagnosis

import (
	"fmt"
	"strings"

	"github.com/berthsim/berth/rollout"
)

// Blocker is what a node or pod waits for, or why it blocks a rollout or drain.
type Blocker string

// What does not change by itself, except BlockerTerminating, BlockerNotStarted,
// BlockerNotReady and those of a pod that is not bound, which are also in the results of
// Waiting.
const (
	BlockerNodeDown          Blocker = "NodeDown"          // its kubelet is down
	BlockerNodeNotReady      Blocker = "NodeNotReady"      // its condition Ready is False, and its kubelet does not start or stop the pod
	BlockerPodsNotReady      Blocker = "PodsNotReady"      // something on the node keeps pods from being ready
	BlockerTerminating       Blocker = "Terminating"       // the pod is terminating
	BlockerNotStarted        Blocker = "NotStarted"        // the pod is bound and does not run yet
	BlockerImagePullBackOff  Blocker = "ImagePullBackOff"  // the image cannot be pulled
	BlockerCrashLoopBackOff  Blocker = "CrashLoopBackOff"  // the containers exit before the pod is available
	BlockerRejected          Blocker = "Rejected"          // the kubelet rejects the pod and each successor
	BlockerNotReady          Blocker = "NotReady"          // the pod runs and is not ready
	BlockerNodeResourcesFit  Blocker = "NodeResourcesFit"  // the requests exceed the free resources of the node
	BlockerNodePorts         Blocker = "NodePorts"         // another pod uses the host port
	BlockerNoRoomForSurge    Blocker = "NoRoomForSurge"    // the pod would fit without the old pod beside it
	BlockerTaintToleration   Blocker = "TaintToleration"   // the node was tainted after the pod was created
	BlockerNodeAffinity      Blocker = "NodeAffinity"      // the node lost a label after the pod was created
	BlockerPodTopologySpread Blocker = "PodTopologySpread" // a topology spread constraint
	BlockerInterPodAffinity  Blocker = "InterPodAffinity"  // pod affinity or anti-affinity
	BlockerEvictionLoop      Blocker = "EvictionLoop"      // the pod and each successor tolerate a NoExecute taint only for a time
	BlockerNodeDeleted       Blocker = "NodeDeleted"       // the node was deleted
	BlockerEmptySelector     Blocker = "EmptySelector"     // the object's selector is empty
	BlockerSelectorMismatch  Blocker = "SelectorMismatch"  // the DaemonSet's selector does not match its own template
	BlockerInvalidStrategy   Blocker = "InvalidStrategy"   // the strategy's type is unknown, or it allows no change
	BlockerUnschedulable     Blocker = "Unschedulable"     // the pod is not bound; in a diagnosis: no node fits it
	BlockerSchedulingGates   Blocker = "SchedulingGates"   // the pod has schedulingGates, and the scheduler does not try it
	BlockerOtherScheduler    Blocker = "OtherScheduler"    // the pod's schedulerName is not default-scheduler
	BlockerFailedCreate      Blocker = "FailedCreate"      // the API server refuses the pods of the template
	BlockerPaused            Blocker = "Paused"            // the Deployment is paused
	BlockerEvictionRefused   Blocker = "EvictionRefused"   // in the diagnosis of a drain: the API server refuses to evict the pod
	BlockerUnknown           Blocker = "Unknown"           // none of the others
)

// Only in the results of Waiting.
const (
	BlockerNotCreated       Blocker = "NotCreated"       // there is no pod yet: a sync creates at most 250
	BlockerMinReadySeconds  Blocker = "MinReadySeconds"  // the pod is ready, but not yet for minReadySeconds
	BlockerFailedPodBackoff Blocker = "FailedPodBackoff" // the pod failed and is replaced after a backoff
	BlockerQueued           Blocker = "Queued"           // others are being updated first
	BlockerUpdateLimit      Blocker = "UpdateLimit"      // others use the whole update limit and make no progress
	BlockerOnDelete         Blocker = "OnDelete"         // strategy OnDelete: someone must delete the old pod
	BlockerSyncError        Blocker = "SyncError"        // the controller's sync fails and is retried
)

// blockerRow is a blocker, the rule behind it, and clauses about nodes and about pods
// of a Deployment. In a clause {a|b} is a for one and b for several, and %s is their
// names.
type blockerRow struct {
	blocker   Blocker
	reference *rollout.Reference
	nodes     string
	pods      string
}

// blockers lists every blocker. Of blockers that are equally frequent, a diagnosis
// names the first of this list first.
var blockers = []blockerRow{
	{BlockerNodeDown, &kubeletConfirms, "{node|nodes} %s {is|are} down and {its pod is|their pods are} unavailable", "{pod|pods} %s {is on a node that is|are on nodes that are} down"},
	{BlockerNodeNotReady, &nodeNotReady, "{node|nodes} %s {is|are} not ready, so {its pod waits|their pods wait}", "{pod|pods} %s {waits|wait} for a node that is not ready"},
	{BlockerPodsNotReady, &readyThenAvailable, "pods on {node|nodes} %s cannot become ready", "{pod|pods} %s {is on a node|are on nodes} where pods cannot become ready"},
	{BlockerTerminating, &oldPodFirst, "the {pod|pods} on {node|nodes} %s {is|are} terminating and {does|do} not stop", "{pod|pods} %s {is|are} terminating and {does|do} not stop"},
	{BlockerNotStarted, &readyThenAvailable, "the {pod|pods} on {node|nodes} %s {does|do} not start", "{pod|pods} %s {does|do} not start"},
	{BlockerImagePullBackOff, &pullsRetried, "{node|nodes} %s cannot pull the pod's image", "{pod|pods} %s {waits|wait} for an image that cannot be pulled"},
	{BlockerCrashLoopBackOff, &containersRestart, "the {pod|pods} on {node|nodes} %s {is|are} in a crash loop", "{pod|pods} %s {is|are} in a crash loop"},
	{BlockerRejected, &kubeletRejects, "the {kubelet|kubelets} of {node|nodes} %s {rejects|reject} the pod, which is recreated in a loop", "{pod|pods} %s {is|are} rejected by the kubelet and recreated in a loop"},
	{BlockerNotReady, &readyThenAvailable, "the {pod|pods} on {node|nodes} %s {does|do} not become ready", "{pod|pods} %s {runs|run} but {does|do} not become ready"},
	{BlockerNodeResourcesFit, &resourcesFit, "{node|nodes} %s {has|have} too few free resources for the pod", ""},
	{BlockerNodePorts, &hostPorts, "the pod's host port is in use on {node|nodes} %s", ""},
	{BlockerNoRoomForSurge, &maxSurgeUsed, "{node|nodes} %s {has|have} no room for the new pod beside the old one", ""},
	{BlockerTaintToleration, &taintsTolerated, "{node|nodes} %s {has|have} a taint that the pod does not tolerate, added after the pod was created", ""},
	{BlockerNodeAffinity, &nodeAffinity, "{node|nodes} %s {has|have} lost a label that the pod requires, after the pod was created", ""},
	{BlockerPodTopologySpread, &topologySpread, "a topology spread constraint keeps the pod off {node|nodes} %s", ""},
	{BlockerInterPodAffinity, &podAffinity, "pod affinity or anti-affinity keeps the pod off {node|nodes} %s", ""},
	{BlockerEvictionLoop, &tolerationExpires, "{node|nodes} %s {has|have} a NoExecute taint that the pod tolerates only temporarily, so it is evicted and recreated in a loop", ""},
	{BlockerNodeDeleted, &deletedNodeFailsSurge, "{node|nodes} %s {was|were} deleted, but {its pod still exists|their pods still exist}", "{pod|pods} %s {is on a node that was|are on nodes that were} deleted"},
	{BlockerEmptySelector, &emptySelector, "the selector is empty", ""},
	{BlockerSelectorMismatch, &selectorMatches, "the selector does not match the template, so pods are created endlessly", ""},
	{BlockerInvalidStrategy, &amountsParse, "the update strategy is invalid", ""},
	{BlockerUnschedulable, &someNodeFits, "no node fits the pod", "no node fits {pod|pods} %s"},
	{BlockerSchedulingGates, &gatesFirst, "the {pod|pods} for {node|nodes} %s {has|have} schedulingGates", "{pod|pods} %s {has|have} schedulingGates"},
	{BlockerOtherScheduler, &ownPodsOnly, "the {pod|pods} for {node|nodes} %s {waits|wait} for another scheduler", "{pod|pods} %s {waits|wait} for another scheduler"},
	{BlockerFailedCreate, &podsValid, "the API server refuses the pods of the template", ""},
	{BlockerPaused, &pausedScalesOnly, "the Deployment is paused", ""},
	{BlockerEvictionRefused, &disruptionBudget, "", "the eviction of {pod|pods} %s is refused"},
	{BlockerUnknown, &endsWhenAvailable, "{node|nodes} %s {is|are} not as desired", "{pod|pods} %s {is|are} not as desired"},
	{BlockerNotCreated, &burstCreates, "", ""},
	{BlockerMinReadySeconds, &readyThenAvailable, "", ""},
	{BlockerFailedPodBackoff, &failedPodBackoff, "", ""},
	{BlockerQueued, &maxUnavailableUsed, "", ""},
	{BlockerUpdateLimit, &maxUnavailableUsed, "", ""},
	{BlockerOnDelete, &onDeleteWaits, "", ""},
	{BlockerSyncError, &failedSyncRetried, "", ""},
}

// row returns the blocker's row, or that of BlockerUnknown.
func (o Blocker) row() *blockerRow {
	unknown := 0
	for i := range blockers {
		switch blockers[i].blocker {
		case o:
			return &blockers[i]
		case BlockerUnknown:
			unknown = i
		}
	}
	return &blockers[unknown]
}

// Reference returns the rule of Kubernetes behind the blocker.
func (o Blocker) Reference() rollout.Reference { return *o.row().reference }

// clause fills in a clause of a blockerRow.
func clause(text string, names []string) string {
	return strings.ReplaceAll(numbered(text, len(names)), "%s", listed(names))
}

// counted returns a number of things: "1 node".
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// numbered chooses the words for one or for several.
func numbered(text string, n int) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		inside, after, _ := strings.Cut(rest, "}")
		one, several, _ := strings.Cut(inside, "|")
		if n == 1 {
			b.WriteString(one)
		} else {
			b.WriteString(several)
		}
		text = after
	}
}
