// Package dryrun answers "what would this change do?" before anybody makes it: for
// policy engines, CI jobs, controllers and go tests.
//
// A Plan is made from a cluster.Cluster, which may be a dump of a running one, and
// Edits: a new or changed DaemonSet, a label, a taint, added or removed nodes, a
// deletion. For every DaemonSet of the cluster it reports which nodes it gains, loses,
// only keeps or leaves pending, with the reasons (placement.Diff). It reports which
// pods are created, deleted at once, or updated in waves, how long that takes, and how
// many stay available (a rollout.Sim). It also reports which other pods have to go, and
// whether they fit elsewhere. A Policy is a requirement that a plan meets or violates:
//
//	plan, err := dryrun.New(c, dryrun.EditNodes(gpu, cluster.Taint("dedicated=gpu:NoSchedule")))
//	if err != nil {
//		t.Fatal(err)
//	}
//	if err := plan.Check(dryrun.Covers(gpu).For("monitoring/dcgm-exporter")).Err(); err != nil {
//		t.Fatal(err)
//	}
//
// To ask several questions about one cluster, make a Baseline with NewBaseline. Its
// DaemonSets are compiled and predicted once, and a policy about one edit of a node
// costs some ten µs.
//
// Inspect needs no change. It finds likely surprises about the DaemonSets of a cluster
// (a surge that cannot work, maxUnavailable used up by dead nodes, a selector that
// selects nothing), each with the field and a remedy.
//
// Upgrade needs no change either: it finds what differs for a cluster when its control
// plane is upgraded to another release of Kubernetes, and whether its nodes can be
// drained one by one for theirs.
//
// # What happens to pods
//
// A changed template is a rolling update: pods are replaced in waves, within
// maxUnavailable or maxSurge. A changed nodeSelector, label or NoExecute taint is not:
// pods on nodes that are no longer wanted are all deleted at once, regardless of
// maxUnavailable. A NoSchedule taint deletes nothing, but a later rolling update
// deletes the pods on such nodes and does not replace them. PodChanges tells these
// apart.
//
// A plan starts from the cluster as it is: unready pods are unready, and a rollout in
// progress continues. One simulation has the edits; a second one, the baseline, does
// not. What happens in both is not caused by the plan. It is left out, or reported as a
// note. A cluster of manifests, whose DaemonSets and Deployments no controller has
// ever seen, settles first. With Config.Settle every cluster does. Config.Rollout sets
// how long things take: with its zero Kubelet pods take no time, and a duration is a
// number of ticks.
//
// # What happens to edits
//
// Every edit completes or is reported not to (Operations, Err). It is refused, in the
// words of kubectl or the API server; it is stuck, with a diagnosis and remedies that
// were tried; or it is still running at Config.Limit. An edit is harmless if it would
// be stuck without the edits too, and is no worse. Apply patches objects as kubectl
// apply does and validates them as the API server does. Availability returns how many
// pods are available before, at worst and at the end, optionally by topology domain.
//
// # Limits
//
// Policies about nodes (Covers, Avoids, AtLeast, Within, ExactlyOne, Custom) are about
// DaemonSets; KeepsAvailable is about Deployments too. For pods that no DaemonSet owns,
// Evictions reports what replaces them, as simulated. Owners that the simulation does
// not know (StatefulSets, Jobs, and owners missing from the given cluster) are assumed
// to create the same pods again once everything has settled. Volumes, and what package
// placement lists as not modelled, are ignored. The notes of a plan list what is missing.
package dryrun
