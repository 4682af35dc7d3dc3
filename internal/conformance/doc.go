// Package conformance shows that berth says what Kubernetes 1.37.2 does.
//
// It is a module of its own, so that nothing in berth depends on k8s.io/kubernetes,
// and it has no API: its tests feed generated input to berth and to the real code and
// compare the answers.
//
//	cd internal/conformance && go test ./...
//
// A cold build takes a few minutes; see README.md for the suites, the variable that
// makes them run longer, and the faults each of them was seen to find.
package conformance
