// Package propertycheck is a team's test file to copy: what their node exporter
// promises, on whatever clusters and whatever happens there.
//
//	go test ./examples/propertycheck           # what holds
//	go test ./examples/propertycheck -broken   # and what does not: a change that looked harmless
package propertycheck
