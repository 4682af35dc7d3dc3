// Package dryrun answers "what would this change do?" before anybody makes it: for
// policy engines, CI jobs, controllers and go tests.
//
// A Plan is made from a cluster.Cluster, which may be a dump of a running one, and
// Edits: a new or changed DaemonSet, a label, a taint, nodes that come or go, a
// deletion. It says, for every DaemonSet of the cluster, which nodes it gains,
// loses, only keeps or leaves pending, with the reasons (placement.Diff); which pods
// are created, deleted at once, or updated in waves, and how long that takes with how
// many available (a rollout.Sim); and which other pods have to go, and whether they
// find a place. A Policy is a promise that a plan keeps or breaks:
//
//	plan, err := dryrun.New(c, dryrun.EditNodes(gpu, cluster.Taint("dedicated=gpu:NoSchedule")))
//	if err != nil {
//		t.Fatal(err)
//	}
//	if err := plan.Check(dryrun.Covers(gpu).For("monitoring/dcgm-exporter")).Err(); err != nil {
//		t.Fatal(err)
//	}
//
// Who asks more than once about one cluster makes a Base with Start: its DaemonSets
// are compiled and judged once, and a question about one edit of a node costs some
// ten µs.
//
// Inspect needs no change to judge: it finds what is going to surprise somebody about
// the DaemonSets of a cluster (a surge that cannot work, a budget that dead nodes have
// used up, a selector that selects nothing), each with the field and what would help.
//
// # What becomes of pods
//
// A changed template is a rolling update: pods are replaced in waves, within the
// budget. A changed nodeSelector, label or NoExecute taint is not: pods on nodes that
// are no longer wanted go at once, all of them, whatever maxUnavailable says. A
// NoSchedule taint deletes nothing; but a rolling update that comes later deletes pods
// on such nodes and brings none back. Pods tells these apart.
//
// A plan starts from the cluster as it is: unready pods are unready, and what is under
// way goes on. One simulation has the edits, a second one beside it, the baseline, has
// not. What happens in both is not the plan's doing and is left out, or told in Notes.
// A cluster of manifests, whose DaemonSets and Deployments no controller has ever seen,
// settles first, as every cluster does with Config.Settle. Time goes by Config.Rollout:
// with its zero Kubelet pods take no time, and a duration is a number of ticks.
//
// # What becomes of edits
//
// Every edit completes or is said not to (Operations, Err): it is refused, in the words
// of kubectl or the API server, stuck, with a diagnosis and remedies that were tried, or
// still running at Config.Horizon. What would be stuck without the edits too, and is no
// worse, is harmless. Apply patches objects as kubectl apply does and judges them as the
// API server does. Availability tells how many pods are available before, at worst and
// in the end, by topology domain too.
//
// # What is not promised
//
// Effects are about DaemonSets. Of a Deployment the plan counts the pods that come and go
// (Deployments). Of all other pods that go, Evictions tells what takes their place, read
// off the simulation; owners that it does not know (StatefulSets, Jobs, and what the given
// cluster lacks) are taken to make the same pods again once everything has settled.
// Volumes, admission other than Config.Admit, and what package placement lists as not
// modelled are not looked at; Notes tells what is missing.
package dryrun
