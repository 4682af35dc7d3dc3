// Package gen draws the objects that the suites of conformance feed to berth and
// to Kubernetes: nodes, pods and DaemonSets as an API server could hold them, and
// as it could not.
//
// Names, label keys and values come from universes of a handful of members, so
// that selectors, tolerations and ports meet what they ask about; every universe
// has its corners: empty strings, numbers around the limits of int64, operators
// and values that do not parse, the same key twice, nil and empty where the API
// has pointers and lists.
//
// Node, Pod and DaemonSet draw for eligibility: anything goes. World draws a
// cluster for fit and scores: what the API server has admitted.
package gen
