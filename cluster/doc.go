// Package cluster holds the state of a Kubernetes cluster that berth predicts from:
// nodes, pods, and the objects that decide where pods may run.
//
// Start with these five names:
//
//   - [ReadFiles] and [ReadManifest] read YAML or JSON, such as the output of kubectl
//     get -o yaml or of a chart renderer, into a [Manifest].
//   - [Manifest.Cluster] fills in defaults, validates, and returns a [Cluster].
//   - [Cluster.Select] and [Cluster.Tainted] return nodes as a [NodeSet].
//   - [Cluster.Edit] returns a copy of the cluster with a changed node.
//
// For example:
//
//	m, err := cluster.ReadFiles([]string{"nodes.yaml", "pods.yaml"})
//	c, err := m.Cluster()
//	ssd, err := c.Select("disktype=ssd,!spot")
//	gpu, err := c.Tainted("dedicated=gpu:NoSchedule")
//	both := ssd.And(gpu)
//	c, err = c.Edit("node-1", cluster.Cordon())
//
// Reading follows the API server: field names are case-sensitive, and
// Manifest.Warnings lists unknown and repeated fields. A Manifest can also be filled
// in as a literal. Manifest.WriteYAML writes what ReadManifest reads.
//
// A Cluster is an immutable snapshot. With, Without, Edit and EditAll return a
// changed copy that shares what did not change, so many variants of one cluster cost
// little. Arguments and results are copied, so callers cannot change a snapshot
// through an object. Adopt is New without the copies.
//
// An object that Validate accepts may still be refused by an API server. Validate
// checks the fields that the model uses, and admission (quotas, LimitRanges,
// PodSecurity, webhooks) decides about pods only when they are created.
package cluster
