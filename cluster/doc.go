// Package cluster is the world berth predicts in: nodes, the pods on them, and
// the objects that decide where pods may run.
package cluster
