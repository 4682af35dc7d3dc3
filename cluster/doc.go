// Package cluster represents the state of a Kubernetes cluster that berth predicts
// from: nodes, the pods on them, and the objects that decide where pods may run.
//
// ReadManifest and ReadFiles read the output of kubectl and chart renderers as the
// API server would: field names are case-sensitive, and the warnings list what was
// dropped. Manifest.Cluster applies defaults, validates, and returns a Cluster;
// Manifest.WriteYAML writes it. In Go, a Manifest can be filled in as a literal:
//
//	c, err := (&cluster.Manifest{Nodes: nodes, Pods: pods}).Cluster()
//
// A Cluster is an immutable snapshot. With, Without, Edit and EditAll return a new
// Cluster that shares what did not change, so many variants of one dump cost little.
// Queries return a NodeSet, and sets combine:
//
//	ssd, err := c.Select("disktype=ssd,!spot")
//	gpu, err := c.Tainted("dedicated=gpu:NoSchedule")
//	both := ssd.And(gpu)
//
// Arguments and results are copied, so callers cannot change a snapshot through an
// object. Adopt skips the copies of the arguments.
//
// An object that Validate accepts may still be refused by an API server. Validate
// checks the fields that the model uses; admission (quotas, LimitRanges,
// PodSecurity, webhooks) is not modelled.
package cluster
