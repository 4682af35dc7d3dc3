package rollouttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/rollout"
)

// Option configures Scenarios.
type Option func(*options)

type options struct {
	dump      *cluster.Cluster
	worlds    *rapid.Generator[clustertest.World]
	config    *rollout.Config
	first     []Step
	versions  []clustertest.Spec
	faults    []rollout.Input
	mostFault int
	within    int
}

// WithWorlds draws clusters from the generator. The default is
// clustertest.Clusters(clustertest.WithHealthyNodes()).
func WithWorlds(worlds *rapid.Generator[clustertest.World]) Option {
	return func(o *options) { o.worlds = worlds }
}

// WithCluster starts from the given cluster, such as a dump.
func WithCluster(dump *cluster.Cluster) Option { return func(o *options) { o.dump = dump } }

// WithConfig uses the given configuration instead of drawing how long pods take.
func WithConfig(c rollout.Config) Option { return func(o *options) { o.config = &c } }

// WithSteps starts every scenario with these steps, in the order of their ticks.
func WithSteps(steps ...Step) Option {
	return func(o *options) { o.first = slices.Clone(steps) }
}

// WithUpdates sets the versions that the DaemonSet may be changed to, at most twice in
// a scenario. The default is another image; WithUpdates() means no change.
func WithUpdates(versions ...clustertest.Spec) Option {
	return func(o *options) { o.versions = slices.Clone(versions) }
}

// WithFaults draws at most the given number of faults of these kinds. A kind is an
// input whose node and image are left open, to be drawn: rollout.NodeDown{},
// rollout.CrashLoop{}. rollout.ApplyNode{} adds a node like the others. A fault that
// lasts ends after a while, or never: a node comes back, a taint is removed. Without
// kinds all are drawn: nodes that are down, not ready, cordoned, tainted, drained,
// removed and added; pods that fail, are deleted, evicted, rejected, not ready or stuck
// terminating; images that crash, are missing or never become ready. The default is no
// faults.
func WithFaults(most int, kinds ...rollout.Input) Option {
	return func(o *options) {
		o.mostFault, o.faults = max(0, most), slices.Clone(kinds)
		if len(kinds) == 0 {
			o.faults = allFaults()
		}
	}
}

// WithinTicks sets the number of ticks after the settled start within which steps
// begin, and the longest duration of a fault in ticks. The default is 10.
func WithinTicks(ticks int) Option {
	return func(o *options) { o.within = max(1, ticks) }
}

// Scenarios draws scenarios with this DaemonSet: a cluster that runs it, with updates and
// faults. Scenarios shrink to few plain nodes and few, early steps.
func Scenarios(ds clustertest.Spec, opts ...Option) *rapid.Generator[Scenario] {
	o := options{
		worlds:   clustertest.Clusters(clustertest.WithHealthyNodes()),
		versions: []clustertest.Spec{ds.With("image:registry.example.com/next:2")},
		within:   10,
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return rapid.Custom(func(t *rapid.T) Scenario { return drawScenario(t, ds, o) })
}

func drawScenario(t *rapid.T, ds clustertest.Spec, o options) Scenario {
	s := Scenario{Dump: o.dump}
	if o.dump == nil {
		s.World = o.worlds.Draw(t, "world")
	}
	names := namesIn(s)
	if !dumped(o.dump, ds.Names()[0]) {
		s.World = append(slices.Clone(s.World), ds)
	}
	s.Config = drawConfig(t, o)
	s.Steps = slices.Concat(o.first, drawUpdates(t, o), drawFaults(t, names, s, imagesOf(ds, o), o))
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return a.At - b.At })
	return s
}

// dumped reports whether the dump already has the DaemonSet. If so, the scenario uses that
// one.
func dumped(dump *cluster.Cluster, key string) bool {
	if dump == nil {
		return false
	}
	namespace, name, _ := strings.Cut(key, "/")
	_, ok := borrow.From(dump).DaemonSet(namespace, name)
	return ok
}

func namesIn(s Scenario) []string {
	var names []string
	if s.Dump != nil {
		names = s.Dump.Nodes().Names()
	}
	for _, spec := range s.World {
		for _, n := range objectsOf[*corev1.Node](spec) {
			names = append(names, n.Name)
		}
	}
	return names
}

// objectsOf returns the objects of a kind that a spec describes, none if a word cannot
// be parsed.
func objectsOf[T runtime.Object](spec clustertest.Spec) []T {
	var found []T
	objects, _ := spec.Objects()
	for _, o := range objects {
		if o, ok := o.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

func drawConfig(t *rapid.T, o options) rollout.Config {
	pace := rapid.SampledFrom(paces).Draw(t, "kubelet")
	if o.config != nil {
		return *o.config
	}
	return rollout.Config{Kubelet: pace}
}

// paces are the durations of pods: none beyond the next tick, or some seconds.
var paces = []rollout.Kubelet{
	{},
	{Ready: 3 * time.Second},
	{Stop: 5 * time.Second},
	{Start: 2 * time.Second, Ready: 3 * time.Second, Stop: 5 * time.Second},
}

func drawUpdates(t *rapid.T, o options) []Step {
	if len(o.versions) == 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Step {
		at := rapid.IntRange(0, o.within).Draw(t, "at")
		return Step{at, rapid.SampledFrom(o.versions).Draw(t, "version")}
	}), 0, 2).Draw(t, "updates")
}

func drawFaults(t *rapid.T, nodes []string, s Scenario, images []string, o options) []Step {
	if len(nodes) == 0 || o.mostFault == 0 || len(o.faults) == 0 {
		return nil
	}
	type drawn struct {
		kind        rollout.Input
		node, image string
		at, lasts   int
	}
	all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) drawn {
		f := drawn{
			kind: rapid.SampledFrom(o.faults).Draw(t, "fault"),
			node: rapid.SampledFrom(nodes).Draw(t, "node"),
			at:   rapid.IntRange(0, o.within).Draw(t, "at"),
		}
		if hasImage(f.kind) {
			f.image = rapid.SampledFrom(images).Draw(t, "image")
		}
		if rapid.Bool().Draw(t, "ends") {
			f.lasts = rapid.IntRange(1, o.within).Draw(t, "lasts")
		}
		return f
	}), 0, o.mostFault).Draw(t, "faults")
	var steps []Step
	for i, f := range all {
		if x, ok := f.kind.(rollout.ApplyNode); ok && x.Node == nil {
			steps = append(steps, Step{f.at, added(i, s.World)})
			continue
		}
		steps = append(steps, fault{filled(f.kind, f.node, f.image), f.at, f.lasts}.steps()...)
	}
	return steps
}

// imagesOf returns the images of the DaemonSet before and after updates, the last one
// first: most faults are about a new image.
func imagesOf(ds clustertest.Spec, o options) []string {
	var images []string
	add := func(ds *appsv1.DaemonSet) {
		for _, c := range ds.Spec.Template.Spec.Containers {
			if !slices.Contains(images, c.Image) {
				images = append(images, c.Image)
			}
		}
	}
	for _, spec := range append(slices.Clone(o.versions), ds) {
		objects, err := spec.Objects()
		if err != nil {
			continue // the scenario's own steps decide
		}
		add(objects[0].(*appsv1.DaemonSet))
	}
	if o.dump != nil {
		namespace, name, _ := strings.Cut(ds.Names()[0], "/")
		if ds, ok := borrow.From(o.dump).DaemonSet(namespace, name); ok {
			add(ds)
		}
	}
	return append(images, "registry.example.com/other:1")[:max(1, len(images))]
}

// added returns one more node like the last of the world.
func added(i int, w clustertest.World) clustertest.Spec {
	name := fmt.Sprintf("added-%d", i+1)
	for _, spec := range slices.Backward(w) {
		if len(objectsOf[*corev1.Node](spec)) > 0 {
			return spec.Named(name)
		}
	}
	return clustertest.Node(name)
}
