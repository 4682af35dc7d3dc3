// Package berth predicts, in memory and without a cluster, which Kubernetes nodes a pod lands on.
package berth
