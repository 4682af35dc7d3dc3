// Package placement says where pods may run and why not elsewhere.
package placement
