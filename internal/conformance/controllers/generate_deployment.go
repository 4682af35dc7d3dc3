package controllers

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// DeploymentScenarios generates small worlds with one or two Deployments of at
// most ten replicas, in which something happens every few ticks. Twelve pods are
// as many as the controller sorts in the order of its rules: beyond that the
// order of equals is a matter of the sorting.
func DeploymentScenarios() *rapid.Generator[Scenario] {
	return rapid.Custom(func(t *rapid.T) Scenario {
		p := newDeploymentPlot(t)
		p.events(4, 3, 6, 8, 11)
		p.Ticks = p.tick + rapid.IntRange(4, 14).Draw(t, "rest")
		return p.Scenario
	})
}

// DeploymentHandover generates scenarios that are settled at Scenario.Dump, where the
// objects hold the whole state; see [Handover].
func DeploymentHandover() *rapid.Generator[Scenario] {
	return rapid.Custom(func(t *rapid.T) Scenario {
		p := newDeploymentPlot(t)
		p.plain, p.Config.PodGC = true, 0
		p.events(1, 2, 3, 5)
		p.tick += 80
		p.Dump = p.tick
		p.plain = false
		p.tick++
		p.events(1, 3, 5)
		p.Ticks = p.tick + rapid.IntRange(4, 14).Draw(t, "rest")
		return p.Scenario
	})
}

func newDeploymentPlot(t *rapid.T) *deploymentPlot {
	p := &deploymentPlot{plot: newPlot(t)}
	if rapid.IntRange(0, 3).Draw(t, "slow image") == 0 {
		p.Config.Kubelet.Timings = []Timing{{Image: "v2", Start: 3 * time.Second, Ready: 4 * time.Second, Stop: time.Second}}
	}
	for _, name := range pick(t, "deployments", []string{"web"}, []string{"web"}, []string{"api", "web"}) {
		p.all = append(p.all, &deploymentSpec{name: name})
	}
	for _, s := range p.all {
		p.first(s)
	}
	return p
}

func (p *deploymentPlot) events(from ...int) {
	for range pick(p.t, "events", from...) {
		p.tick += pick(p.t, "gap", 3, 0, 1, 2, 5)
		if !p.agent && pick(p.t, "agent", false, false, false, true) {
			p.agent = true
			p.add(Apply{DaemonSet: DaemonSet("agent", "v1", CPU(pick(p.t, "cpu", "1", "2", "3")))})
		}
		p.happen(pick(p.t, "of", p.all...))
	}
}

// deploymentPlot is a scenario with Deployments in the making.
type deploymentPlot struct {
	*plot
	all     []*deploymentSpec
	crashed bool // before the dump
	agent   bool // a DaemonSet that takes room
}

// deploymentSpec is what a generated Deployment is made of: values, so that an
// earlier one can come back.
type deploymentSpec struct {
	name                      string
	image, surge, unavailable string
	pool, cpu, label, team    string
	recreate, paused, sidecar bool
	replicas                  int32
	minReady, deadline        int32
	history, grace            int
	applied                   []deploymentSpec
}

func (s *deploymentSpec) key() string { return "default/" + s.name }

func (p *deploymentPlot) first(s *deploymentSpec) {
	s.image, s.history, s.grace = "v1", -1, -1
	s.replicas = p.size()
	p.strategy(s)
	p.times(s)
	s.pool = pick(p.t, "selector", "", "", "", "a")
	s.cpu = pick(p.t, "cpu", "", "", "3")
	s.history = pick(p.t, "history", -1, -1, 0, 1, 2, 3)
	s.grace = pick(p.t, "grace", -1, -1, -1, 2)
	s.sidecar = pick(p.t, "sidecar", false, false, true)
	p.apply(s)
}

func (p *deploymentPlot) size() int32 { return pick[int32](p.t, "replicas", 3, 1, 2, 4, 5, 7, 10, 0) }

func (p *deploymentPlot) strategy(s *deploymentSpec) {
	s.recreate = pick(p.t, "recreate", false, false, false, true)
	s.surge = pick(p.t, "surge", "25%", "1", "0", "2", "50%", "100%", "10%", "0%")
	s.unavailable = pick(p.t, "unavailable", "25%", "1", "0", "2", "50%", "100%", "10%", "5")
	if s.unavailable == "0" && s.surge[0] == '0' {
		s.unavailable = "1%" // which is 0 of so few, and not refused
	}
}

// times: a deadline is above minReadySeconds.
func (p *deploymentPlot) times(s *deploymentSpec) {
	s.minReady = pick[int32](p.t, "min ready", 0, 0, 0, 1, 4)
	s.deadline = pick[int32](p.t, "deadline", -1, s.minReady+1, s.minReady+3, s.minReady+8)
}

func (p *deploymentPlot) apply(s *deploymentSpec) {
	before := *s
	before.applied = nil
	s.applied = append(s.applied, before)
	p.add(Apply{Deployment: s.deployment()})
}

func (s *deploymentSpec) deployment() *appsv1.Deployment {
	changes := []DeploymentChange{Rolling(s.surge, s.unavailable), ReadyFor(s.minReady)}
	add := func(when bool, change DeploymentChange) {
		if when {
			changes = append(changes, change)
		}
	}
	add(s.recreate, Recreate)
	add(s.paused, Paused)
	add(s.deadline >= 0, Deadline(s.deadline))
	add(s.history >= 0, Remember(int32(s.history)))
	add(s.pool != "", OfTemplate(On("pool", s.pool)))
	add(s.cpu != "", OfTemplate(CPU(s.cpu)))
	add(s.grace >= 0, OfTemplate(Grace(int64(s.grace))))
	add(s.sidecar, OfTemplate(Sidecar(sideImage)))
	add(s.label != "", OfTemplate(PodLabel("tier", s.label)))
	add(s.team != "", Annotated("team", s.team))
	return NewDeployment(s.name, s.image, s.replicas, changes...)
}

// happen adds one event. The Deployment is updated about as often as everything
// else together; a paused one is mostly resumed soon, and a node in fault is
// mostly the next that something happens to.
func (p *deploymentPlot) happen(s *deploymentSpec) {
	if s.paused && rapid.Bool().Draw(p.t, "resumed") {
		p.pause(s)
		return
	}
	if len(p.known("down", "not ready", "pods not ready")) > 0 && rapid.Bool().Draw(p.t, "a node again") {
		p.nodeEvent()
		return
	}
	switch pick(p.t, "event", "image", "image", "image", "image", "bad image", "bad image", "back", "back", "undo", "undo",
		"scale", "scale", "scale", "pause", "pause", "spec", "spec", "delete", "node", "node", "pods", "pods", "pods", "taint",
		"crash", "crash", "crash", "recover") {
	case "image":
		s.image = fmt.Sprintf("v%d", pick(p.t, "version", 2, 1, 3, 4))
		p.apply(s)
	case "bad image":
		if p.plain {
			return
		}
		s.image = fmt.Sprintf("bad%d", rapid.IntRange(1, 2).Draw(p.t, "version"))
		p.add(p.fault(s.image))
		p.apply(s)
	case "crash":
		p.crash(s)
	case "recover":
		p.add(Recover{Image: pick(p.t, "recovers", "", s.image)})
	case "back":
		back := pick(p.t, "back to", s.applied...)
		back.applied, back.replicas, back.paused = s.applied, s.replicas, s.paused
		*s = back
		p.apply(s)
	case "undo":
		p.add(Undo{Key: s.key(), Revision: pick[int64](p.t, "revision", 0, 0, 1, 2)})
	case "scale":
		s.replicas = p.size()
		p.add(Scale{s.key(), s.replicas})
	case "pause":
		p.pause(s)
	case "spec":
		p.respec(s)
	case "delete":
		p.add(Delete{s.key(), pick(p.t, "propagation", metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan)})
		p.tick += rapid.IntRange(0, 4).Draw(p.t, "before it comes back")
		s.image = pick(p.t, "comes back with", s.image, "v5")
		p.apply(s)
	case "node":
		p.nodeEvent()
	case "pods":
		if !p.plain {
			p.podEvent()
		}
	case "taint":
		p.edit(pick(p.t, "taint", "taint new=x:NoSchedule", "taint new:NoSchedule-", "taint new=x:NoExecute", "taint new:NoExecute-", "cordon", "uncordon"))
	}
}

// pause pauses, with an update or a scale on the way mostly, and resumes; or only
// one of the two.
func (p *deploymentPlot) pause(s *deploymentSpec) {
	if !s.paused || rapid.IntRange(0, 4).Draw(p.t, "twice") == 0 {
		p.add(Pause{s.key()})
		s.paused = true
		return
	}
	p.add(Resume{s.key()})
	s.paused = false
}

func (p *deploymentPlot) respec(s *deploymentSpec) {
	switch pick(p.t, "spec", "strategy", "strategy", "times", "history", "label", "annotation", "replicas") {
	case "strategy":
		p.strategy(s)
	case "times":
		p.times(s)
	case "history":
		s.history = pick(p.t, "history", 0, 1, 2)
	case "label":
		s.label = pick(p.t, "label", "x", "y")
	case "annotation":
		s.team = pick(p.t, "team", "a", "b")
	case "replicas": // together with a template
		s.replicas = p.size()
		s.image = "v6"
	}
	p.apply(s)
}

const sideImage = "side"

// somewhere is everywhere, or a node.
func (p *deploymentPlot) somewhere() []string {
	where := pick(p.t, "where", nil, nil, []string{"n1"})
	if p.mayBeUnknown("n1") {
		return nil
	}
	return where
}

// fault is what is wrong with an image.
func (p *deploymentPlot) fault(image string) Input {
	switch where := p.somewhere(); pick(p.t, "fault", "never ready", "never ready", "crash", "crash", "pull", "reject") {
	case "crash":
		return p.crashLoop(image, where)
	case "pull":
		return ImagePullFails{image, where}
	case "reject":
		return RejectPods{"UnexpectedAdmissionError", image, where}
	default:
		return NeverReady{image, where}
	}
}

func (p *deploymentPlot) crashLoop(image string, where []string) Input {
	return CrashLoop{image, pick(p.t, "after", 0, 0, time.Second, 4*time.Second, 20*time.Second), where}
}

// crash has the pods that run crash, and mostly is followed by a scale up and one
// down, so that some have crashed more often than others.
func (p *deploymentPlot) crash(s *deploymentSpec) {
	image := s.image
	if s.sidecar {
		image = pick(p.t, "crashes", sideImage, s.image)
	}
	loop := p.crashLoop(image, p.somewhere())
	if p.plain {
		p.crashOnce(loop, image)
		return
	}
	p.add(loop)
	if rapid.IntRange(0, 3).Draw(p.t, "scaled") > 0 {
		for _, size := range []int32{p.size(), p.size()} {
			p.tick += pick(p.t, "meanwhile", 1, 0, 4, 11, 20)
			s.replicas = size
			p.add(Scale{s.key(), size})
		}
	}
}

// crashOnce is a loop that ends before a dump, and the backoff after it too, which
// shows in no object. Once, for no more than five minutes may pass until the dump:
// when an eviction is due shows in none either.
func (p *deploymentPlot) crashOnce(loop Input, image string) {
	if p.crashed {
		return
	}
	p.crashed = true
	p.add(loop)
	p.tick += pick(p.t, "until it ends", 1, 4)
	p.add(Recover{Image: image})
	p.tick += 14
}
