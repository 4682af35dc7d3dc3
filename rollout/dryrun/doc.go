// Package dryrun predicts what a change does before it is made: for policy engines, CI
// jobs, controllers and go tests.
//
// Start with these five names:
//
//   - [New] returns a [Plan] for a cluster and edits. The cluster may be a dump of a
//     running one.
//   - An [Edit] is a change: [Apply] and [Delete] of objects, [EditNodes] for labels and
//     taints, [RemoveNodes], [Restart], and [Inputs] such as a rollout.Drain.
//   - [Plan.Effects] and [Plan.Evictions] return what happens to DaemonSets, Deployments
//     and other pods. [Plan.Operations] returns whether each edit completes.
//   - [Plan.Check] checks policies and returns a [Report]. A [Policy] is made by [Covers],
//     [Within], [KeepsAvailable] and others.
//   - [Inspect] needs no change: it finds likely mistakes in the DaemonSets of a cluster.
//
// For example:
//
//	plan, err := dryrun.New(c, dryrun.EditNodes(gpu, cluster.Taint("dedicated=gpu:NoSchedule")))
//	if err != nil {
//		t.Fatal(err)
//	}
//	report := plan.Check(dryrun.Covers(gpu).For("monitoring/dcgm-exporter"))
//	if err := report.Err(); err != nil {
//		t.Fatal(err)
//	}
//	text, err := json.Marshal(plan) // for another program, such as one that evaluates CEL
//
// The fields of [Record] are the JSON form of a plan. JSON Schemas of plans, reports and
// findings are in the directory schemas of the repository.
//
// To ask several questions about one cluster, create a Baseline with NewBaseline. It
// compiles and predicts its DaemonSets once; then a policy about one edit of a node costs
// some ten µs.
//
// Upgrade needs no change either: it finds what differs for a cluster when its control
// plane is upgraded to another release of Kubernetes, and whether its nodes can be
// drained one by one for theirs.
//
// # What happens to pods
//
// A changed template causes a rolling update: pods are replaced in waves, within
// maxUnavailable or maxSurge. A changed nodeSelector, label or NoExecute taint does not:
// all pods on nodes that are no longer eligible are deleted at once, regardless of
// maxUnavailable. A NoSchedule taint deletes nothing, but a later rolling update deletes
// the pods on such nodes and does not replace them. PodChanges counts these separately.
//
// A plan starts from the cluster as it is: unready pods are unready, and a rollout in
// progress continues. One simulation has the edits; a second one, the baseline, does
// not. What happens in both is not caused by the plan. It is left out, or reported as a
// note. A cluster of manifests, which no controller has seen yet, settles first. With
// Config.Settle every cluster does. Config.Rollout sets how long pods take to start and
// stop; by default they take no time, and a duration is a number of ticks.
//
// # What happens to edits
//
// Operations and Err report every edit that does not complete. An edit is refused, with
// the message of kubectl or the API server; it is stuck, with a diagnosis and remedies
// that were tried; or it is still running at Config.Limit. If the same rollout is stuck
// without the edits too, and the edits do not make it worse, that is not an error. Apply
// patches objects as kubectl apply does and validates them as the API server does.
// Availability returns how many pods are available before the plan, at the lowest point
// and at the end, optionally by topology domain.
//
// # Limits
//
// Policies about nodes (Covers, Avoids, AtLeast, Within, ExactlyOne, Custom) apply to
// DaemonSets; KeepsAvailable applies to Deployments too. For pods that no DaemonSet owns,
// Evictions reports what replaces them, as simulated. Owners that the simulation does
// not know (StatefulSets, Jobs, and owners missing from the given cluster) are assumed
// to create the same pods again once everything has settled. Volumes, and what package
// placement lists as not modelled, are ignored. The notes of a plan list what the
// cluster lacks.
package dryrun
