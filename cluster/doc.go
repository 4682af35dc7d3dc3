// Package cluster is the world that berth predicts in: nodes, the pods on them,
// and the objects that decide where pods may run.
//
// ReadManifest and ReadFiles read what kubectl and chart renderers write, as the
// API server would: field names are case-sensitive, and what was dropped is in the
// warnings. Manifest.Cluster defaults and validates it, and makes a Cluster;
// Manifest.WriteYAML writes it.
// A Manifest filled in by hand is the typed way to the same:
//
//	c, err := (&cluster.Manifest{Nodes: nodes, Pods: pods}).Cluster()
//
// A Cluster is an immutable snapshot. With, Without, Edit and EditAll give a
// new one that shares what did not change, so that many what-ifs of one dump
// cost little. Questions give a NodeSet, and sets combine:
//
//	ssd, err := c.Select("disktype=ssd,!spot")
//	gpu, err := c.Tainted("dedicated=gpu:NoSchedule")
//	both := ssd.And(gpu)
//
// What goes in is copied and what comes out is a copy: nothing that a caller
// does to an object reaches a snapshot. Adopt and Borrow leave the copies out,
// for callers who keep their hands off the objects.
//
// Not promised: that an object which Validate lets pass would be taken by an
// API server. Validate looks at the fields that the model uses; admission
// (quotas, LimitRanges, PodSecurity, webhooks) is not modelled.
package cluster
