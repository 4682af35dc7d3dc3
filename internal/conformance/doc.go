// Package conformance compares berth with Kubernetes 1.37.2.
//
// It is a separate module, so that nothing in berth depends on k8s.io/kubernetes. It has
// no API: its tests pass generated input to berth and to the real code and compare the
// answers.
//
//	cd internal/conformance && go test ./...
//
// A cold build takes a few minutes. README.md lists the suites, the variable that makes
// them run longer, and the mutants that each of them found.
package conformance
