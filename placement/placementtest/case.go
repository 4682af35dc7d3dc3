package placementtest

import (
	"fmt"

	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/placement"
)

// testCase is a claim about what the DaemonSet controller decides about one node.
type testCase struct {
	claim     string
	daemonSet clustertest.Spec
	node      clustertest.Spec
	want      placement.Decision // Eligible, Kept or Excluded: whether it fits is not asked
}

// String returns the claim and the source that creates its objects.
func (c testCase) String() string { return fmt.Sprintf("%s: %#v, %#v", c.claim, c.daemonSet, c.node) }

// testCases returns the claims, from simple to unusual, always in the same order.
func testCases() []testCase {
	cases := make([]testCase, len(claims))
	for i, c := range claims {
		cases[i] = testCase{c.claim, clustertest.DaemonSet("default/agent", c.daemonSet...), clustertest.Node("node-1", c.node...), c.want}
	}
	return cases
}

type words = []string

const (
	excluded = placement.Excluded
	kept     = placement.Kept
	eligible = placement.Eligible
)

// claims follow the controller (pkg/controller/daemon/daemon_controller.go:
// NodeShouldRunDaemonPod;
// k8s.io/component-helpers/scheduling/corev1/helpers.go:
// FindMatchingUntoleratedTaint;
// k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go:
// GetRequiredNodeAffinity).
var claims = []struct {
	claim           string
	daemonSet, node words
	want            placement.Decision
}{
	{"a DaemonSet runs everywhere", nil, nil, eligible},
	{"on the node that its template names", words{"node:node-1"}, nil, eligible},
	{"on no other than the node that its template names", words{"node:node-2"}, nil, excluded},

	{"where the labels of nodeSelector are", words{"on:disk=ssd"}, words{"disk=ssd"}, eligible},
	{"not where a label of nodeSelector is missing", words{"on:disk=ssd"}, nil, excluded},
	{"not where a label of nodeSelector has another value", words{"on:disk=ssd"}, words{"disk=hdd"}, excluded},
	{"only where all labels of nodeSelector are", words{"on:disk=ssd", "on:zone=a"}, words{"disk=ssd"}, excluded},
	{"an empty value of nodeSelector wants the label with an empty value", words{"on:spot="}, nil, excluded},

	{"In: one of the values", words{"affinity:zone=a|b"}, words{"zone=b"}, eligible},
	{"In: none of the values", words{"affinity:zone=a|b"}, words{"zone=c"}, excluded},
	{"NotIn: another value", words{"affinity:zone!=a"}, words{"zone=b"}, eligible},
	{"NotIn: the value", words{"affinity:zone!=a"}, words{"zone=a"}, excluded},
	{"NotIn matches where the label is missing", words{"affinity:zone!=a"}, nil, eligible},
	{"Exists: any value", words{"affinity:gpu"}, words{"gpu="}, eligible},
	{"Exists: no label", words{"affinity:gpu"}, nil, excluded},
	{"DoesNotExist: no label", words{"affinity:!gpu"}, nil, eligible},
	{"DoesNotExist: any value", words{"affinity:!gpu"}, words{"gpu="}, excluded},
	{"Gt compares numbers, not text", words{"affinity:cores>9"}, words{"cores=10"}, eligible},
	{"Gt is not or equal", words{"affinity:cores>9"}, words{"cores=9"}, excluded},
	{"Lt compares numbers, not text", words{"affinity:cores<10"}, words{"cores=9"}, eligible},
	{"Lt does not match a label that is no number", words{"affinity:cores<10"}, words{"cores=few"}, excluded},
	{"Gt does not match where the label is missing", words{"affinity:cores>0"}, nil, excluded},
	{"a number beyond 64 bits is no number", words{"affinity:cores>1"}, words{"cores=9223372036854775808"}, excluded},
	{"requirements of a term are all required", words{"affinity:zone=a,gpu"}, words{"zone=a"}, excluded},
	{"of terms one is enough", words{"affinity:zone=a", "affinity:gpu"}, words{"gpu=yes"}, eligible},
	{"an empty term matches nothing", words{"affinity:"}, nil, excluded},
	{"an empty term does not hinder another", words{"affinity:", "affinity:gpu"}, words{"gpu=yes"}, eligible},
	{"a term with a mistake matches nothing and hinders no other", words{"affinity:cores>many", "affinity:gpu"}, words{"gpu=yes", "cores=1"}, eligible},
	{"nodeSelector and affinity are both required", words{"on:disk=ssd", "affinity:gpu"}, words{"gpu=yes"}, excluded},
	{"matchFields is about the node's name", words{"affinity:metadata.name=node-1"}, nil, eligible},
	{"matchFields of another name", words{"affinity:metadata.name=node-2"}, nil, excluded},
	{"matchFields without the name", words{"affinity:metadata.name!=node-1"}, nil, excluded},
	{"matchFields and matchExpressions of a term are both required", words{"affinity:metadata.name=node-1,gpu"}, nil, excluded},
	{"the hostname label is not the name", words{"affinity:kubernetes.io/hostname=node-1"}, words{"kubernetes.io/hostname=other"}, excluded},
	{"preferred affinity decides nothing", words{"prefer:100:zone=a"}, words{"zone=b"}, eligible},

	{"an untolerated NoSchedule taint lets a running pod be", nil, words{"taint:dedicated=gpu:NoSchedule"}, kept},
	{"an untolerated NoExecute taint does not", nil, words{"taint:dedicated=gpu:NoExecute"}, excluded},
	{"PreferNoSchedule decides nothing", nil, words{"taint:dedicated=gpu:PreferNoSchedule"}, eligible},
	{"the toleration has the taint's key, value and effect", words{"tolerate:dedicated=gpu:NoSchedule"}, words{"taint:dedicated=gpu:NoSchedule"}, eligible},
	{"the toleration has another value", words{"tolerate:dedicated=web:NoSchedule"}, words{"taint:dedicated=gpu:NoSchedule"}, kept},
	{"the toleration has another effect", words{"tolerate:dedicated=gpu:NoSchedule"}, words{"taint:dedicated=gpu:NoExecute"}, excluded},
	{"a toleration without effect is for every effect", words{"tolerate:dedicated=gpu"}, words{"taint:dedicated=gpu:NoExecute"}, eligible},
	{"Exists is for any value", words{"tolerate:dedicated"}, words{"taint:dedicated=gpu:NoSchedule"}, eligible},
	{"Equal of an empty value is for an empty value", words{"tolerate:dedicated="}, words{"taint:dedicated=gpu:NoSchedule"}, kept},
	{"a toleration of everything", words{"tolerate:*"}, words{"taint:dedicated=gpu:NoExecute", "not-ready"}, eligible},
	{"a toleration of every NoSchedule", words{"tolerate:*:NoSchedule"}, words{"taint:dedicated=gpu:NoExecute"}, excluded},
	{"a toleration that ends is one as long as it is asked", words{"tolerate:dedicated:NoExecute:30s"}, words{"taint:dedicated=gpu:NoExecute"}, eligible},
	{"every taint needs its toleration", words{"tolerate:dedicated"}, words{"taint:dedicated=gpu:NoSchedule", "taint:spot:NoSchedule"}, kept},
	{"NoExecute counts more than NoSchedule", words{"tolerate:spot"}, words{"taint:dedicated=gpu:NoSchedule", "taint:team=a:NoExecute"}, excluded},
	{"no selector is kept: only taints are", words{"on:disk=ssd"}, words{"taint:dedicated=gpu:NoSchedule"}, excluded},

	{"cordoned nodes are eligible: the controller adds a toleration", nil, words{"cordoned"}, eligible},
	{"disk pressure is tolerated", nil, words{"taint:node.kubernetes.io/disk-pressure:NoSchedule"}, eligible},
	{"memory pressure is tolerated", nil, words{"taint:node.kubernetes.io/memory-pressure:NoSchedule"}, eligible},
	{"PID pressure is tolerated", nil, words{"taint:node.kubernetes.io/pid-pressure:NoSchedule"}, eligible},
	{"not-ready is tolerated with NoExecute", nil, words{"taint:node.kubernetes.io/not-ready:NoExecute"}, eligible},
	{"unreachable is tolerated with NoExecute", nil, words{"taint:node.kubernetes.io/unreachable:NoExecute"}, eligible},
	{"a node that is not ready has NoSchedule too, and only keeps its pod", nil, words{"not-ready"}, kept},
	{"an unavailable network is not tolerated", nil, words{"taint:node.kubernetes.io/network-unavailable:NoSchedule"}, kept},
	{"but by pods on the host's network", words{"host-network"}, words{"taint:node.kubernetes.io/network-unavailable:NoSchedule"}, eligible},
	{"control planes are not tolerated", nil, words{"taint:node-role.kubernetes.io/control-plane:NoSchedule"}, kept},
	{"what a pod asks of the node's room decides nothing", words{"cpu:100"}, nil, eligible},
}
