package timeline_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster/clustertest"
	_ "github.com/berthsim/berth/internal/seed"
	"github.com/berthsim/berth/internal/zero"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/rollouttest"
	"github.com/berthsim/berth/rollout/timeline"
)

// Nothing asked of nothing is answered with nothing, or with an error.
func TestZeroValues(t *testing.T) {
	zero.Check(t, timeline.Timeline{}, timeline.Watch)
}

// Every letter agrees with the pods and the placement in that tick, and the
// events are those of Run. Mutants seen to fail: a letter that begins one tick
// late; rows that keep the letter of a pod that is gone; the old pod shown and
// not the new one; events of the whole DaemonSet overlooked.
func TestLettersOfADaemonSet(t *testing.T) {
	letters := map[rune]bool{}
	rapid.Check(t, func(t *rapid.T) {
		agent := clustertest.DaemonSet("ops/agent", rapid.SampledFrom([]string{"max-unavailable:1", "max-unavailable:50%", "max-surge:1", "max-surge:1"}).Draw(t, "budget"), "min-ready:2s")
		slow := rollout.Config{Kubelet: rollout.Kubelet{Start: time.Second, Ready: 2 * time.Second, Stop: 2 * time.Second}}
		scene := rollouttest.Scenarios(agent, rollouttest.WithFaults(5), rollouttest.WithConfig(slow), rollouttest.WithinTicks(5)).Draw(t, "scene")
		drawn, stepped := scene.Sim(t), scene.Sim(t)
		picture := watch(t, drawn, "ops/agent", 60)
		compare(t, picture, stepped, drawn.Now(), func() map[string]byte { return nodeLetters(t, stepped, "ops/agent") })
		for _, l := range strings.Join(picture.Rows, "") {
			letters[l] = true
		}
	})
	if len(letters) < 8 {
		t.Errorf("only %d letters are drawn: %v", len(letters), letters)
	}
}

// Of a Deployment, too.
func TestLettersOfADeployment(t *testing.T) {
	letters := map[rune]bool{}
	rapid.Check(t, func(t *rapid.T) {
		seconds := func(label string) time.Duration {
			return time.Duration(rapid.IntRange(0, 3).Draw(t, label)) * time.Second
		}
		config := rollout.Config{Kubelet: rollout.Kubelet{Start: seconds("start"), Ready: seconds("ready"), Stop: seconds("stop")}}
		var inputs []rollout.Input
		for _, image := range rapid.SliceOfN(rapid.SampledFrom([]string{"web:1", "web:2", "web:3"}), 1, 4).Draw(t, "images") {
			inputs = append(inputs, rollout.Apply{Object: web(image, rapid.Int32Range(0, 4).Draw(t, "replicas"))})
		}
		inputs = append(inputs, rollout.FailPods{Node: "n-1"}, rollout.PodsNotReady{Node: "n-2"}, rollout.StuckTerminating{Node: "n-3"})
		drawn, stepped := simOf(t, config), simOf(t, config)
		for i, in := range inputs {
			at := rapid.IntRange(i, 4*i).Draw(t, "at")
			if err := errors.Join(drawn.At(at, in), stepped.At(at, in)); err != nil {
				t.Fatalf("%v", err)
			}
		}
		for range rapid.IntRange(0, 9).Draw(t, "before") {
			drawn.Tick()
			stepped.Tick()
		}
		picture := watch(t, drawn, "deployment/default/web", 60)
		compare(t, picture, stepped, drawn.Now(), func() map[string]byte { return podLetters(t, stepped, "default/web") })
		for _, l := range strings.Join(picture.Rows, "") {
			letters[l] = true
		}
	})
	if len(letters) < 8 {
		t.Errorf("only %d letters are drawn: %v", len(letters), letters)
	}
}

func watch(t rapid.TB, sim *rollout.Sim, key string, max int) *timeline.Timeline {
	t.Helper()
	picture, err := timeline.Watch(sim, key, max)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return picture
}

// A key that names nothing is an error, and no time passes.
func TestUnknownKeysAreErrors(t *testing.T) {
	sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 1), clustertest.DaemonSet("ops/agent")}.Cluster(t), rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"agent": "key \"agent\": must be namespace/name: did you mean daemonset/ops/agent?", "ops/web": "daemonsets.apps and deployments.apps \"web\" not found", "deployment/ops/agent": "deployments.apps \"agent\" not found: did you mean daemonset/ops/agent?",
	} {
		if p, err := timeline.Watch(sim, key, 9); p != nil || err == nil || err.Error() != want || sim.Now() != -1 {
			t.Errorf("%s: %v, %v in tick %d", key, p, err, sim.Now())
		}
	}
}

// A picture reads back from its JSON.
func TestTimelineReadsBack(t *testing.T) {
	sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 2), clustertest.DaemonSet("ops/agent")}.Cluster(t), rollout.Config{})
	if err != nil {
		t.Fatal(err)
	}
	picture := watch(t, sim, "ops/agent", 9)
	text, err := json.Marshal(picture)
	if err != nil {
		t.Fatal(err)
	}
	var read timeline.Timeline
	if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(&read, picture) || read.Version != "berth.timeline/v1" {
		t.Errorf("%v: %s", err, text)
	}
}

func simOf(t *rapid.T, config rollout.Config) *rollout.Sim {
	sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 3, "cpu:4", "memory:4Gi", "pods:9")}.Cluster(t), config)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return sim
}

func web(image string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": "web"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, MinReadySeconds: 2, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: image}}},
			},
		},
	}
}

// compare steps a simulation up to a tick and looks at every tick of the picture.
// Rows that are not in the picture must have no letter.
func compare(t *rapid.T, picture *timeline.Timeline, sim *rollout.Sim, last int, letters func() map[string]byte) {
	t.Helper()
	events := rollout.Trace{}
	check := func() {
		want := letters()
		for i, name := range picture.Names {
			letter, there := want[name]
			if !there {
				letter = '.'
			}
			if got := picture.Rows[i][sim.Now()-picture.FirstTick]; got != letter {
				t.Fatalf("tick %d %s: drawn %c, is %c\n%s", sim.Now(), name, got, letter, picture)
			}
			delete(want, name)
		}
		for name, letter := range want {
			if letter != '.' {
				t.Fatalf("tick %d: %s has no row, is %c\n%s", sim.Now(), name, letter, picture)
			}
		}
	}
	if sim.Now() >= 0 {
		check()
	}
	for sim.Now() < last {
		events = append(events, sim.Tick()...)
		check()
	}
	if !reflect.DeepEqual(events, picture.Events) {
		t.Fatalf("events are others:\n%v\n%v", events, picture.Events)
	}
}

// nodeLetters asks public methods what each node shows.
func nodeLetters(t *rapid.T, sim *rollout.Sim, key string) map[string]byte {
	letters := map[string]byte{}
	c := sim.Cluster()
	for _, ds := range c.Manifest().DaemonSets {
		if ds.Namespace+"/"+ds.Name != key {
			continue
		}
		w, err := placement.ForDaemonSet(ds)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, node := range w.Predict(c).Eligible().Names() {
			letters[node] = '-'
		}
	}
	current := newest(sim, key)
	byNode := map[string][]rollout.Pod{}
	pods, _ := sim.Pods(key) // none if the object is deleted
	for _, p := range pods {
		if over := p.Phase == corev1.PodFailed || p.Phase == corev1.PodSucceeded; !over || !p.Terminating {
			byNode[p.Node] = append(byNode[p.Node], p)
		}
	}
	for node, pods := range byNode {
		letters[node] = letterOf(pods, current)
	}
	return letters
}

// newest returns the number of the newest revision, or 0 if there is none.
func newest(sim *rollout.Sim, key string) (number int64) {
	history, _ := sim.History(key)
	for _, r := range history {
		number = max(number, r.Number)
	}
	return number
}

// letterOf is what the pods of one node show.
func letterOf(pods []rollout.Pod, current int64) byte {
	var old, fresh []rollout.Pod
	for _, p := range pods {
		switch {
		case p.Terminating:
		case p.Revision == current:
			fresh = append(fresh, p)
		default:
			old = append(old, p)
		}
	}
	switch {
	case len(fresh) > 0 && len(old) > 0 && !fresh[len(fresh)-1].Available:
		return 's'
	case len(fresh) > 0:
		return podLetter(fresh[len(fresh)-1], current)
	case len(old) > 0:
		return podLetter(old[len(old)-1], current)
	}
	return podLetter(pods[0], current)
}

func podLetters(t *rapid.T, sim *rollout.Sim, key string) map[string]byte {
	letters := map[string]byte{}
	current := newest(sim, key)
	pods, _ := sim.Pods(key) // none if the object is deleted
	for _, p := range pods {
		letters[p.Name] = podLetter(p, current)
	}
	return letters
}

func podLetter(p rollout.Pod, current int64) byte {
	letter := "r"
	switch {
	case p.Terminating:
		letter = "t"
	case p.Phase == corev1.PodFailed:
		letter = "f"
	case p.Phase == corev1.PodPending:
		letter = "w"
	case p.Available:
		letter = "a"
	case p.Ready:
		letter = "m"
	}
	if p.Revision == current {
		letter = strings.ToUpper(letter)
	}
	return letter[0]
}

// A key with its kind draws a DaemonSet that is still to be applied, and the picture's
// name is its own.
func TestKeysMayNameTheKind(t *testing.T) {
	agent := clustertest.DaemonSet("ops/agent")
	for _, key := range []string{"ops/agent", "daemonset/ops/agent"} {
		sim, err := rollout.New(clustertest.World{clustertest.Pool("n", 2)}.Cluster(t), rollout.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.Apply(clustertest.Object[*appsv1.DaemonSet](t, agent)); err != nil {
			t.Fatal(err)
		}
		if p, err := timeline.Watch(sim, key, 9); err != nil || p.Key != "daemonset/ops/agent" || !slices.Equal(p.Names, []string{"n-1", "n-2"}) {
			t.Errorf("%s: %+v", key, p)
		}
	}
}

// The picture is well-formed XML whatever nodes are called.
func TestSVGIsXML(t *testing.T) {
	picture := &timeline.Timeline{Key: "daemonset/a/<b>", FirstTick: 3, Names: []string{"n&1", "n2"}, Rows: []string{"aatWRMA", "fs-.FTA"}}
	var b bytes.Buffer
	if err := picture.SVG(&b); err != nil {
		t.Fatal(err)
	}
	bands := 0
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "title" {
			bands++
		}
	}
	if bands != 13 {
		t.Errorf("%d bands: %s", bands, strings.Join(picture.Rows, " "))
	}
}
