package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/cluster"
)

// Step is an input with the tick in which it takes effect.
type Step struct {
	Tick  int
	Input Input
}

// String is the step as ParseScript reads it.
func (s Step) String() string { return fmt.Sprintf("at %d %s", s.Tick, FormatInput(s.Input)) }

// Script is inputs with their ticks: what Sim.At takes, as a text that can be
// kept, pasted and read back.
//
//	# a comment
//	at 0 apply {"metadata":{"name":"agent"},"spec":{...}}
//	at 3 node-down n1
//	drain n2 --ignore-daemonsets
//
// A line without "at" is of the tick of the line before, at first 0.
type Script []Step

// String is one line for each step.
func (s Script) String() string {
	var b strings.Builder
	for _, step := range s {
		b.WriteString(step.String() + "\n")
	}
	return b.String()
}

// ParseScript reads what Script.String prints. The error names every line that
// is wrong. Whether the inputs make sense is judged by Sim.Play.
func ParseScript(text string) (Script, error) {
	var script Script
	var errs []error
	tick, number := 0, 0
	for line := range strings.Lines(text) {
		number++
		step, err := parseStep(strings.TrimSpace(line), tick)
		switch tick = step.Tick; {
		case err != nil:
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
		case step.Input != nil:
			script = append(script, step)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return script, nil
}

func parseStep(line string, tick int) (Step, error) {
	if at, timed := strings.CutPrefix(line, "at "); timed {
		number, rest, _ := strings.Cut(at, " ")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return Step{Tick: tick}, fmt.Errorf("tick %q: must be a number that is not negative", number)
		}
		tick, line = n, strings.TrimSpace(rest)
	}
	if line == "" || strings.HasPrefix(line, "#") {
		return Step{Tick: tick}, nil
	}
	in, err := ParseInput(line)
	return Step{tick, in}, err
}

// Play schedules every step of a script as At does: all of them, or none and an
// error that names every mistake.
func (s *Sim) Play(script Script) error {
	inputs := slices.Clone(s.inputs)
	var errs []error
	for _, step := range script {
		more, err := s.withInputs(inputs, step.Tick, []Input{step.Input})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		inputs = more
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.inputs = inputs
	return nil
}

// FormatInput is the input as one line that ParseInput reads: its String, but
// for Apply and ApplyNode, which then carry their object as JSON. For every
// input that Inject accepts, reading the line gives an equal one.
func FormatInput(in Input) string {
	switch x := plain(in).(type) {
	case nil:
		return ""
	case Apply:
		switch {
		case x.DaemonSet != nil:
			return strings.TrimSuffix(x.String(), keyOf(x.DaemonSet)) + daemonSetJSON(x.DaemonSet)
		case x.Deployment != nil:
			return strings.TrimSuffix(x.String(), keyOf(x.Deployment)) + deploymentJSON(x.Deployment)
		}
	case ApplyNode:
		if x.Node != nil {
			return "apply-node " + nodeJSON(x.Node)
		}
	}
	return in.String()
}

// daemonSetJSON leaves a status out that says nothing.
func daemonSetJSON(ds *appsv1.DaemonSet) string {
	printed := struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              appsv1.DaemonSetSpec    `json:"spec"`
		Status            *appsv1.DaemonSetStatus `json:"status,omitempty"`
	}{ds.TypeMeta, ds.ObjectMeta, ds.Spec, &ds.Status}
	if text, err := json.Marshal(ds.Status); err == nil && string(text) == emptyDaemonSetStatus {
		printed.Status = nil
	}
	return compact(printed)
}

// deploymentJSON is the same for a Deployment.
func deploymentJSON(d *appsv1.Deployment) string {
	printed := struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              appsv1.DeploymentSpec    `json:"spec"`
		Status            *appsv1.DeploymentStatus `json:"status,omitempty"`
	}{d.TypeMeta, d.ObjectMeta, d.Spec, &d.Status}
	if compact(d.Status) == "{}" {
		printed.Status = nil
	}
	return compact(printed)
}

var emptyDaemonSetStatus = compact(appsv1.DaemonSetStatus{})

func nodeJSON(node *corev1.Node) string { return compact(node) }

func compact(object any) string {
	text, err := json.Marshal(object)
	if err != nil {
		return "{}" // cannot be: API objects are made to be written
	}
	return string(text)
}

// ParseInput reads what FormatInput prints. An object may also be written as YAML
// in braces.
func ParseInput(line string) (Input, error) {
	r := &reader{text: strings.TrimSpace(line)}
	verb := r.word()
	parse, ok := verbs()[verb]
	switch {
	case verb == "":
		return nil, errors.New("no input: the line is empty")
	case !ok:
		return nil, fmt.Errorf("%q: no input is called %q", line, verb)
	}
	in := parse(r)
	if r.rest(); r.err == nil && r.text != "" {
		r.fail("%q is too much", r.text)
	}
	if r.err != nil {
		return nil, fmt.Errorf("%q: %w", line, r.err)
	}
	return in, nil
}

// verbs are the words that inputs begin with.
func verbs() map[string]func(*reader) Input {
	return map[string]func(*reader) Input{
		"apply":             func(r *reader) Input { return r.apply() },
		"scale":             func(r *reader) Input { return r.scale() },
		"pause":             func(r *reader) Input { return Pause{r.word()} },
		"resume":            func(r *reader) Input { return Resume{r.word()} },
		"undo":              func(r *reader) Input { return r.undo() },
		"delete":            func(r *reader) Input { return r.delete() },
		"apply-node":        func(r *reader) Input { return ApplyNode{object[corev1.Node](r)} },
		"edit-node":         func(r *reader) Input { return r.editNode() },
		"remove-node":       func(r *reader) Input { return RemoveNode{r.word()} },
		"pods-not-ready":    func(r *reader) Input { return PodsNotReady{r.word()} },
		"pods-ready":        func(r *reader) Input { return PodsReady{r.word()} },
		"node-not-ready":    func(r *reader) Input { return NodeNotReady{r.word()} },
		"node-ready":        func(r *reader) Input { return NodeReady{r.word()} },
		"node-down":         func(r *reader) Input { return NodeDown{r.word()} },
		"node-up":           func(r *reader) Input { return NodeUp{r.word()} },
		"fail-pods":         func(r *reader) Input { return FailPods{r.word()} },
		"delete-pods":       func(r *reader) Input { return DeletePods{r.word()} },
		"delete-pod":        func(r *reader) Input { return DeletePod{r.word(), r.skip("--force")} },
		"stuck-terminating": func(r *reader) Input { return StuckTerminating{r.word()} },
		"drain":             func(r *reader) Input { return r.drain() },
		"evict-pods":        func(r *reader) Input { return EvictPods{r.word()} },
		"never-ready":       func(r *reader) Input { return NeverReady{r.word(), r.on()} },
		"image-pull-fails":  func(r *reader) Input { return ImagePullFails{r.word(), r.on()} },
		"crash-loop":        func(r *reader) Input { return CrashLoop{r.word(), r.after(), r.on()} },
		"reject-pods":       func(r *reader) Input { return RejectPods{r.word(), r.image(), r.on()} },
		"recover":           func(r *reader) Input { return Recover{r.image(), r.on()} },
	}
}

func (r *reader) apply() Input {
	in := Apply{Unvalidated: r.skip("unvalidated")}
	if r.skip("deployment") {
		in.Deployment = object[appsv1.Deployment](r)
	} else {
		in.DaemonSet = object[appsv1.DaemonSet](r)
	}
	return in
}

func (r *reader) scale() Input {
	in := Scale{Key: r.word()}
	if !r.skip("to") {
		r.fail("scale: must say to how many")
	}
	n := r.number()
	if in.Replicas = int32(n); int64(in.Replicas) != n {
		r.fail("replicas %d: too many", n)
	}
	return in
}

func (r *reader) undo() Input {
	in := Undo{Key: r.word()}
	if r.skip("to") {
		in.Revision = r.number()
	}
	return in
}

func (r *reader) delete() Input {
	in := Delete{Key: r.word()}
	if r.rest(); r.text == "" {
		return in
	}
	word := r.word()
	for in.Propagation = Background; in.Propagation <= Orphan; in.Propagation++ {
		if in.Propagation.String() == word {
			return in
		}
	}
	r.fail("propagation %q: must be background, foreground or orphan", word)
	return in
}

func (r *reader) editNode() Input {
	node, quoted := r.token()
	if quoted {
		r.text = strings.TrimPrefix(r.text, ":")
	} else {
		node = strings.TrimSuffix(node, ":")
	}
	in := EditNode{Node: node}
	if r.rest(); r.text == "" {
		return in
	}
	for _, text := range strings.Split(r.text, ", ") {
		edit, err := cluster.ParseNodeEdit(text)
		if err != nil {
			r.fail("%w", err)
		}
		in.Edits = append(in.Edits, edit)
	}
	r.text = ""
	return in
}
