// Package policy is a team's test file to copy. It states what must stay true of their
// agents whatever a pull request does to the node pools. cluster.yaml is a dump; the
// team edits pools.yaml, and the pipeline changes nodes accordingly.
//
//	go test ./examples/policy           # pools.yaml as it is committed
//	go test ./examples/policy -broken   # as a pull request would have it: it taints the GPU pool
package policy
