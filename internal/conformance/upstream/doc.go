// Package upstream asks the code of Kubernetes 1.37.2 what berth is asked: which
// nodes a DaemonSet's pods are for, what every plugin of the scheduler says of a
// pod on every node, how it scores them, what sentence the scheduler would write
// into the event, and whom it would preempt. Nothing here decides anything itself.
package upstream
