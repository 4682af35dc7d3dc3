// Package upstream asks the code of Kubernetes 1.37.2 the questions that berth answers:
// which nodes want a DaemonSet's pod, the status that every scheduler plugin returns for
// a pod on every node, the scores, the message of the scheduler's event, and which pods
// it would preempt. Nothing here decides anything itself.
package upstream
