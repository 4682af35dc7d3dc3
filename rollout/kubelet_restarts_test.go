package rollout

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
)

// The pod with the most restarts of one container is deleted first, not the one
// with the highest sum; sidecars count where containers are equal. A dump may
// already contain restarts of pods in a crash loop. Mutants seen to fail:
// restarts in which a sidecar counts as another container; sums; restartCount
// without dumpedRestarts.
func TestWhoWasRestartedGoesFirst(t *testing.T) {
	for name, c := range map[string]struct {
		of             [2][3]int32 // two containers and a sidecar
		goes, andCrash int         // when the first container crashes once more
	}{
		"by the most of any":        {[2][3]int32{{2, 2, 0}, {3, 0, 0}}, 1, 1},
		"sidecars come second":      {[2][3]int32{{1, 0, 9}, {2, 0, 0}}, 1, 1},
		"sidecars decide of equals": {[2][3]int32{{2, 0, 1}, {0, 2, 2}}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			scaledDown(t, c.of, c.goes)
			scaledDown(t, c.of, c.andCrash, CrashLoop{Image: "v1"})
		})
	}
}

func scaledDown(t *testing.T, of [2][3]int32, goes int, first ...Input) {
	s, pods := twoRestarted(t, of)
	if err := s.Inject(append(first, Scale{"default/web", 1})...); err != nil {
		t.Fatal(err)
	}
	if went := lines(s.Tick()); !strings.Contains(went, "Deleted default/web "+pods[goes]) {
		t.Errorf("of %v, %v is to go:\n%s", of, pods[goes], went)
	}
}

// twoRestarted takes over two pods of a Deployment that are not ready.
func twoRestarted(t *testing.T, restarts [2][3]int32) (*Sim, []string) {
	web, always := webDeployment("web", "v1", 2), corev1.ContainerRestartPolicyAlways
	spec := &web.Spec.Template.Spec
	spec.Containers = append(spec.Containers, corev1.Container{Name: "second", Image: "other"})
	spec.InitContainers = []corev1.Container{{Name: "side", Image: "side", RestartPolicy: &always}}
	c, err := cluster.New(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}})
	if err != nil {
		t.Fatal(err)
	}
	before, err := New(c, Config{})
	if err == nil {
		err = before.Inject(NeverReady{Image: "v1"}, Apply{Object: web})
	}
	if err != nil {
		t.Fatal(err)
	}
	stepped(before, 3)
	c = before.Cluster()
	var names []string
	for i, p := range borrow.From(c).Pods() {
		p = p.DeepCopy()
		is := restarts[i]
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: spec.Containers[0].Name, RestartCount: is[0]}, {Name: "second", RestartCount: is[1]}}
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "side", RestartCount: is[2]}}
		names = append(names, p.Name)
		if c, err = c.With(p); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(c, Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s, names
}
