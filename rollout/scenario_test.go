package rollout

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/cluster"
)

// A scenario is a file in testdata whose name is the claim. Each is played four
// times, which must make no difference: twice as it stands, with the nodes given
// in reverse, and with ticks passed by Run instead of one by one.
//
//	cluster tick=1s start=0s ready=0s stop=0s gc=0s grace=0s order=Seeded seed=1 disable=PodSecurity
//	nodes 3 pool=a            n1 n2 n3, with labels
//	node x pool=b taint=k=v:NoSchedule cpu=2 pods=3    without cpu and pods it has room for all
//	                          and what else parseObject reads
//	read                      like cluster, but of YAML
//	reload [after=0s] [latest]   the simulation goes on from its own YAML, read a while later, or at the time that it tells itself
//	reload ownerless             likewise, of whose ControllerRevisions the owners are lost
//	apply name=agent image=v1 unavailable=1 surge=0 strategy=OnDelete min-ready=0 history=10 grace=30 on=pool=a tolerate=key tolerate=key:30 (NoExecute, seconds) tolerate-all cpu=1 port=80 priority=class node=n1 annotation=k=v unvalidated
//	                          only what is named changes; the DaemonSet is default/agent
//	deploy name=web image=v1 replicas=3 surge=25% unavailable=25% strategy=Recreate min-ready=0 deadline=600 history=10 grace=30 cpu=1 port=80 on=pool=a
//	                          likewise of a Deployment, default/web
//	do [at=tick]              inputs, one a line, as they print; apply-node also as a node is given above
//	script                    inputs with their ticks, as a Script prints
//	tick [n] [sum]            steps; sum counts events instead of listing them
//	run [max] [sum]           until settled
//	status, pods, history, waiting, diagnose, scale   [name=agent]
//	diagnose drain=n1
//	draining
//	fork name, switch name    to and from "main"
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		for _, mode := range []stageMode{{}, {}, {reversed: true}, {skipping: true}} {
			t.Run(fmt.Sprintf("%s/%+v", strings.TrimSuffix(filepath.Base(file), ".txt"), mode), func(t *testing.T) {
				s := &stage{mode: mode}
				datadriven.RunTest(t, file, s.command)
			})
		}
	}
}

type stageMode struct{ reversed, skipping bool }

// stage is where a scenario plays.
type stage struct {
	t     *testing.T
	mode  stageMode
	sim   *Sim
	sims  map[string]*Sim
	name  string
	specs map[string]*appsv1.DaemonSet
	webs  map[string]*appsv1.Deployment
}

func (g *stage) command(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	g.t = t
	out, err := g.play(d)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return out
}

func (g *stage) play(d *datadriven.TestData) (string, error) {
	switch d.Cmd {
	case "cluster":
		return "", g.cluster(d)
	case "read":
		return "", g.read(d)
	case "reload":
		return "", g.reload(d)
	case "apply":
		return "", g.apply(d)
	case "deploy":
		return "", g.deploy(d)
	case "do":
		return "", g.do(d)
	case "script":
		script, err := ParseScript(d.Input)
		if err != nil {
			return "", err
		}
		return "", g.sim.Play(script)
	case "tick":
		return g.report(d, g.tick(number(d, 1))), nil
	case "run":
		var events []Event
		for e := range g.sim.Run(number(d, 1000)) {
			events = append(events, e...)
		}
		return g.report(d, events), nil
	case "fork":
		g.sims[d.CmdArgs[0].Key] = g.sim.Fork()
		return "", nil
	case "switch":
		g.sims[g.name] = g.sim
		g.name = d.CmdArgs[0].Key
		g.sim = g.sims[g.name]
		return "", nil
	}
	return g.show(d)
}

func number(d *datadriven.TestData, otherwise int) int {
	for _, a := range d.CmdArgs {
		if n, err := strconv.Atoi(a.Key); err == nil {
			return n
		}
	}
	return otherwise
}

func (g *stage) tick(n int) []Event {
	end := g.sim.Now() + n
	var events []Event
	if g.mode.skipping {
		for e := range g.sim.Run(n) {
			events = append(events, e...)
		}
	}
	for g.sim.Now() < end {
		events = append(events, g.sim.Tick()...)
	}
	return events
}

func (g *stage) report(d *datadriven.TestData, events []Event) string {
	if !d.HasArg("sum") {
		return lines(events)
	}
	type group struct {
		tick, round int
		kind        EventKind
		why         Reason
	}
	var order []group
	counts := map[group]int{}
	for _, e := range events {
		x := group{e.Tick, e.Round, e.Kind, e.Reason}
		if counts[x]++; counts[x] == 1 {
			order = append(order, x)
		}
	}
	var b strings.Builder
	for _, x := range order {
		fmt.Fprintf(&b, "%d.%d %v %d", x.tick, x.round, x.kind, counts[x])
		if x.why != "" {
			fmt.Fprintf(&b, " %v", x.why)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (g *stage) cluster(d *datadriven.TestData) error {
	nodes, err := parseNodes(d.Input)
	if err != nil {
		return err
	}
	if g.mode.reversed {
		slices.Reverse(nodes)
	}
	c, err := cluster.New(nodes...)
	if err != nil {
		return err
	}
	return g.begin(d, c)
}

func (g *stage) read(d *datadriven.TestData) error {
	m, err := cluster.ReadManifest(strings.NewReader(d.Input))
	if err != nil {
		return err
	}
	c, err := m.Cluster()
	if err != nil {
		return err
	}
	return g.begin(d, c)
}

func (g *stage) reload(d *datadriven.TestData) (err error) {
	cfg := g.sim.Config()
	cfg.Start = g.sim.Time(g.sim.Now())
	c := g.sim.Cluster()
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "latest":
			cfg.Start = time.Time{}
		case "ownerless":
			c, err = ownerless(c)
		default:
			var after time.Duration
			after, err = time.ParseDuration(a.Vals[0])
			cfg.Start = cfg.Start.Add(after)
		}
		if err != nil {
			return err
		}
	}
	g.sim, err = New(reread(g.t, c), cfg)
	return err
}

// ownerless returns the cluster with ControllerRevisions that nothing owns.
func ownerless(c *cluster.Cluster) (*cluster.Cluster, error) {
	m := c.Manifest()
	for _, r := range m.ControllerRevisions {
		r.OwnerReferences = nil
	}
	return cluster.New(m.Objects()...)
}

func (g *stage) begin(d *datadriven.TestData, c *cluster.Cluster) (err error) {
	var cfg Config
	for _, a := range d.CmdArgs {
		if a.Key == "instant" {
			cfg.Instant = true
			continue
		}
		duration, _ := time.ParseDuration(a.Vals[0])
		switch a.Key {
		case "tick":
			cfg.Tick = duration
		case "start":
			cfg.Kubelet.Start = duration
		case "ready":
			cfg.Kubelet.Ready = duration
		case "stop":
			cfg.Kubelet.Stop = duration
		case "gc":
			cfg.PodGC = duration
		case "grace":
			cfg.NodeGrace = duration
		case "order":
			cfg.Order = OrderSeeded
		case "seed":
			cfg.Seed, _ = strconv.ParseUint(a.Vals[0], 10, 64)
		case "disable":
			cfg.DisableAdmissionPlugins = a.Vals
		default:
			return fmt.Errorf("cluster %s?", a.Key)
		}
	}
	g.name, g.sims, g.specs = "main", map[string]*Sim{}, map[string]*appsv1.DaemonSet{}
	g.webs = map[string]*appsv1.Deployment{}
	g.sim, err = New(c, cfg)
	return err
}

func parseNodes(text string) ([]runtime.Object, error) {
	var nodes []runtime.Object
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if words[0] != "node" && words[0] != "nodes" {
			object, err := parseObject(words)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, object)
			continue
		}
		names := words[1:2]
		if words[0] == "nodes" {
			n, _ := strconv.Atoi(words[1])
			names = nil
			for i := range n {
				names = append(names, fmt.Sprintf("n%0*d", len(words[1]), i+1))
			}
		}
		for _, name := range names {
			n, err := parseNode(name, words[2:])
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, n)
		}
	}
	return nodes, nil
}

func parseNode(name string, words []string) (*corev1.Node, error) {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if list := n.Status.Allocatable; key == "cpu" || key == "pods" {
			if list == nil {
				list = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110")}
			}
			list[corev1.ResourceName(key)] = resource.MustParse(value)
			n.Status.Allocatable = list
			continue
		}
		edit := cluster.Label(key, value)
		if key == "taint" {
			edit = cluster.Taint(value)
		}
		c, err := cluster.New(n)
		if err == nil {
			c, err = c.Edit(name, edit)
		}
		if err != nil {
			return nil, err
		}
		n, _ = c.Node(name)
	}
	return n, nil
}

func (g *stage) apply(d *datadriven.TestData) error {
	name := "agent"
	d.MaybeScanArgs(g.t, "name", &name)
	if g.specs[name] == nil {
		app := map[string]string{"app": name}
		g.specs[name] = &appsv1.DaemonSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
			Spec: appsv1.DaemonSetSpec{
				Selector: &metav1.LabelSelector{MatchLabels: app},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: app},
					Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "v1"}}},
				},
			},
		}
	}
	ds := g.specs[name]
	for _, a := range d.CmdArgs {
		if err := change(ds, a.Key, strings.Join(a.Vals, ",")); err != nil {
			return err
		}
	}
	return g.sim.Inject(Apply{Object: ds, Unvalidated: d.HasArg("unvalidated")})
}

func change(ds *appsv1.DaemonSet, key, value string) error {
	spec := &ds.Spec.Template.Spec
	n, _ := strconv.ParseInt(value, 10, 32)
	n32, amount := int32(n), intstr.Parse(value)
	name, rest, _ := strings.Cut(value, "=")
	switch key {
	case "name", "unvalidated":
	case "image":
		spec.Containers[0].Image = value
	case "unavailable":
		rolling(ds).MaxUnavailable = &amount
	case "surge":
		zero := intstr.FromInt32(0)
		rolling(ds).MaxSurge, rolling(ds).MaxUnavailable = &amount, &zero
	case "strategy":
		ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.DaemonSetUpdateStrategyType(value)}
	case "min-ready":
		ds.Spec.MinReadySeconds = n32
	case "history":
		ds.Spec.RevisionHistoryLimit = &n32
	case "grace":
		spec.TerminationGracePeriodSeconds = &n
	case "on":
		spec.NodeSelector = map[string]string{name: rest}
	case "label":
		ds.Spec.Template.Labels = map[string]string{"app": ds.Name, name: rest}
	case "selector":
		ds.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{name: rest}}
	case "annotation":
		ds.Annotations = map[string]string{name: rest}
	case "tolerate":
		key, seconds, timed := strings.Cut(value, ":")
		t := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists}
		if n, err := strconv.ParseInt(seconds, 10, 64); timed && err == nil {
			t.Effect, t.TolerationSeconds = corev1.TaintEffectNoExecute, &n
		}
		others := slices.DeleteFunc(slices.Clone(spec.Tolerations), func(o corev1.Toleration) bool { return o.Key == t.Key })
		spec.Tolerations = append(others, t)
	case "cpu":
		spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(value)}
	case "port":
		spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: n32, HostPort: n32}}
	case "node":
		spec.NodeName = value
	case "priority":
		spec.PriorityClassName = value
	case "host-network":
		spec.HostNetwork = true
	case "tolerate-all":
		spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	default:
		return fmt.Errorf("apply %s?", key)
	}
	return nil
}

func rolling(ds *appsv1.DaemonSet) *appsv1.RollingUpdateDaemonSet {
	u := &ds.Spec.UpdateStrategy
	u.Type = appsv1.RollingUpdateDaemonSetStrategyType
	if u.RollingUpdate == nil {
		u.RollingUpdate = &appsv1.RollingUpdateDaemonSet{}
	}
	return u.RollingUpdate
}

func (g *stage) do(d *datadriven.TestData) error {
	tick := g.sim.Now() + 1
	d.MaybeScanArgs(g.t, "at", &tick)
	for line := range strings.Lines(d.Input) {
		in, err := nodeInWords(strings.TrimSpace(line))
		if err != nil {
			return err
		}
		if err := g.sim.At(tick, in); err != nil {
			return err
		}
	}
	return nil
}

// nodeInWords lets a scenario say "apply-node x pool=b" for the object.
func nodeInWords(line string) (Input, error) {
	words := strings.Fields(line)
	if len(words) > 1 && words[0] == "apply-node" && words[1][0] != '{' {
		n, err := parseNode(words[1], words[2:])
		return ApplyNode{n}, err
	}
	return ParseInput(line)
}

func (g *stage) show(d *datadriven.TestData) (string, error) {
	name := "agent"
	if len(g.specs) == 0 {
		name = "web"
	}
	d.MaybeScanArgs(g.t, "name", &name)
	key := "default/" + name
	var b strings.Builder
	switch d.Cmd {
	case "status":
		st, ok := daemonSetStatus(g.sim, key)
		if deployed, found := deploymentStatus(g.sim, key); found {
			return g.deploymentStatus(key, &deployed), nil
		}
		if !ok {
			return "no such DaemonSet\n", nil
		}
		fmt.Fprintf(&b, "desired %d current %d misscheduled %d ready %d updated %d available %d unavailable %d observed %d\n",
			st.DesiredNumberScheduled, st.CurrentNumberScheduled, st.NumberMisscheduled, st.NumberReady,
			st.UpdatedNumberScheduled, st.NumberAvailable, st.NumberUnavailable, st.ObservedGeneration)
		message, _, err := g.sim.RolloutStatus(key)
		if err != nil {
			message = err.Error() + "\n"
		}
		fmt.Fprintf(&b, "%stick %d %v\n", message, g.sim.Now(), g.sim.State(key))
	case "pods":
		for _, p := range shownPods(g.sim, key) {
			fmt.Fprintln(&b, p)
		}
	case "history":
		if history, err := g.sim.History("daemonset/" + key); err == nil {
			for _, r := range history {
				fmt.Fprintln(&b, r.Number, r.Name, r.ChangeCause)
			}
		}
		for _, rs := range replicaSetsOf(g.sim, key) {
			fmt.Fprintln(&b, rs.Annotations[revisionAnnotation], rs.Name, *rs.Spec.Replicas, rs.Annotations[revisionHistoryAnnotation])
		}
	case "waiting":
		b.WriteString(WaitingFor(g.sim, key))
	case "draining":
		for _, d := range g.sim.Drains() {
			fmt.Fprintf(&b, "%s since %d\n", FormatInput(d.Drain), d.Since)
			for _, l := range d.Pods {
				fmt.Fprintf(&b, "  %s %s\n", l.Pod, l.Refused)
			}
		}
	case "diagnose":
		if node := ""; d.HasArg("drain") {
			d.ScanArgs(g.t, "drain", &node)
			return DrainDiagnosed(g.sim, node), nil
		}
		return Diagnosed(g.sim, key), nil
	case "scale":
		return "", g.sim.Inject(Scale{key, 3})
	default:
		return "", fmt.Errorf("command %s?", d.Cmd)
	}
	return b.String(), nil
}
