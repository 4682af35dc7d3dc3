// Package propertycheck is a team's test file to copy. It states what must hold of
// their node exporter on any cluster, whatever happens there.
//
//	go test ./examples/propertycheck           # what holds
//	go test ./examples/propertycheck -broken   # and what does not: a change that looked harmless
package propertycheck
