package cluster_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

func TestCheckSelectorAndTaint(t *testing.T) {
	c, err := cluster.New(
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"kubernetes.io/os": "linux", "disktype": "rotating"}}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "b", Labels: map[string]string{"kubernetes.io/os": "windows", "size": "9"}}, Spec: corev1.NodeSpec{
			Taints: []corev1.Taint{{Key: "dedicated", Value: "ingress", Effect: corev1.TaintEffectNoExecute}},
		}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ selector, want string }{
		{"", ""}, {"kubernetes.io/os=linux", ""}, {"size>3", ""}, {"size>30", ""},
		{"kuberntes.io/os=linux", "no node has the label key kuberntes.io/os: did you mean kubernetes.io/os?"},
		{"!kuberntes.io/os", "no node has the label key kuberntes.io/os: did you mean kubernetes.io/os?"},
		{"spot=true", "no node has the label key spot"},
		{"!spot", ""}, {"spot!=true", ""}, {"disktype!=ssd", ""},
		{"disktype in (rotatin,ssd,rotating)", "no node has the label disktype=rotatin: did you mean rotating?\nno node has the label disktype=ssd"},
		{"disktype notin (rotatin,ssd)", "no node has the label disktype=rotatin: did you mean rotating?"},
		{"spot,disktpe", "no node has the label key disktpe: did you mean disktype?\nno node has the label key spot"},
	} {
		if got := textOf(c.CheckSelector(test.selector)); got != test.want {
			t.Errorf("%q: %q, want %q", test.selector, got, test.want)
		}
	}
	for _, test := range []struct{ taint, want string }{
		{"dedicated", ""}, {"dedicated=ingress", ""}, {"dedicated:NoExecute", ""},
		{"dedicatd", "no node has a taint with the key dedicatd: did you mean dedicated?"},
		{"spot", "no node has a taint with the key spot"},
		{"dedicated=ingres:NoExecute", "no node has the taint dedicated=ingres:NoExecute: did you mean dedicated=ingress:NoExecute?"},
		{"dedicated=ingress:NoSchedule", "no node has the taint dedicated=ingress:NoSchedule: did you mean dedicated=ingress:NoExecute?"},
		{"dedicated:NoSchedule", "no node has the taint dedicated:NoSchedule: did you mean dedicated=ingress:NoExecute?"},
		{"dedicated=batch", "no node has the taint dedicated=batch"},
	} {
		if got := textOf(c.CheckTaint(test.taint)); got != test.want {
			t.Errorf("%q: %q, want %q", test.taint, got, test.want)
		}
	}
	for _, err := range []error{c.CheckSelector("a in"), c.CheckTaint("a:Sometimes")} {
		if err == nil {
			t.Error("malformed text passes")
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
