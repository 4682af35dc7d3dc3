package rollout

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/berthsim/berth/cluster"
)

// drain reads the command line of kubectl drain.
func (r *lexer) drain() Input {
	in := Drain{Node: r.word()}
	for r.rest(); r.text != ""; r.rest() {
		name, value, _ := strings.Cut(r.word(), "=")
		switch name {
		case "--ignore-daemonsets":
			in.IgnoreDaemonSets = r.truth(name, value)
		case "--delete-emptydir-data":
			in.DeleteEmptyDirData = r.truth(name, value)
		case "--force":
			in.Force = r.truth(name, value)
		case "--disable-eviction":
			in.DisableEviction = r.truth(name, value)
		case "--grace-period":
			in.GracePeriodSeconds = r.grace(value)
		case "--timeout":
			in.Timeout = r.duration(name, value)
		case "--pod-selector":
			in.PodSelector = value
		default:
			r.fail("unknown flag: %s", name)
		}
	}
	return in
}

// truth returns the value of a flag, which is optional.
func (r *lexer) truth(flag, value string) bool {
	switch value {
	case "", "true":
		return true
	case "false":
		return false
	}
	r.fail("%s=%s: must be true or false", flag, value)
	return false
}

// grace reads kubectl's grace period. A negative one means the pod's own.
func (r *lexer) grace(value string) *int64 {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		r.fail("--grace-period=%s: must be a number of seconds", value)
	}
	if n < 0 {
		return nil
	}
	return &n
}

func (r *lexer) duration(flag, value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil {
		r.fail("%s=%s: must be a duration", flag, value)
	}
	return d
}

// ParseInput reads what FormatInput prints. An object may also be written as YAML
// in braces.
func ParseInput(line string) (Input, error) {
	r := &lexer{text: strings.TrimSpace(line)}
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

// verbs returns the parsers of inputs by their first word.
func verbs() map[string]func(*lexer) Input {
	return map[string]func(*lexer) Input{
		"apply":             func(r *lexer) Input { return r.apply() },
		"scale":             func(r *lexer) Input { return r.scale() },
		"pause":             func(r *lexer) Input { return Pause{r.word()} },
		"resume":            func(r *lexer) Input { return Resume{r.word()} },
		"undo":              func(r *lexer) Input { return r.undo() },
		"delete":            func(r *lexer) Input { return r.delete() },
		"apply-node":        func(r *lexer) Input { return ApplyNode{object[corev1.Node](r)} },
		"edit-node":         func(r *lexer) Input { return r.editNode() },
		"remove-node":       func(r *lexer) Input { return RemoveNode{r.word()} },
		"pods-not-ready":    func(r *lexer) Input { return PodsNotReady{r.word()} },
		"pods-ready":        func(r *lexer) Input { return PodsReady{r.word()} },
		"node-not-ready":    func(r *lexer) Input { return r.nodeNotReady() },
		"node-ready":        func(r *lexer) Input { return NodeReady{r.word()} },
		"node-down":         func(r *lexer) Input { return NodeDown{r.word()} },
		"fail-pods":         func(r *lexer) Input { return FailPods{r.word()} },
		"delete-pods":       func(r *lexer) Input { return DeletePods{Node: r.word(), Force: r.skip("--force")} },
		"delete-pod":        func(r *lexer) Input { return DeletePods{Pod: r.word(), Force: r.skip("--force")} },
		"stuck-terminating": func(r *lexer) Input { return StuckTerminating{r.word()} },
		"drain":             func(r *lexer) Input { return r.drain() },
		"evict-pods":        func(r *lexer) Input { return EvictPods{r.word()} },
		"never-ready":       func(r *lexer) Input { return NeverReady{r.word(), r.on()} },
		"image-pull-fails":  func(r *lexer) Input { return ImagePullFails{r.word(), r.on()} },
		"crash-loop":        func(r *lexer) Input { return CrashLoop{r.word(), r.after(), r.on()} },
		"reject-pods":       func(r *lexer) Input { return RejectPods{r.word(), r.image(), r.on()} },
		"recover":           func(r *lexer) Input { return Recover{r.image(), r.on()} },
	}
}

func (r *lexer) apply() Input {
	in := Apply{Unvalidated: r.skip("unvalidated")}
	switch {
	case r.skip("deployment"):
		in.Object = object[appsv1.Deployment](r)
	case r.skip("poddisruptionbudget"):
		in.Object = object[policyv1.PodDisruptionBudget](r)
	case r.skip("namespace"):
		in.Object = object[corev1.Namespace](r)
	case r.skip("limitrange"):
		in.Object = object[corev1.LimitRange](r)
	case r.skip("resourcequota"):
		in.Object = object[corev1.ResourceQuota](r)
	case r.skip("serviceaccount"):
		in.Object = object[corev1.ServiceAccount](r)
	default:
		in.Object = object[appsv1.DaemonSet](r)
	}
	return in
}

func (r *lexer) nodeNotReady() Input {
	in := NodeNotReady{Node: r.word()}
	if r.rest(); r.text != "" {
		in.Why = NotReadyCause(r.word())
	}
	return in
}

func (r *lexer) scale() Input {
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

func (r *lexer) undo() Input {
	in := Undo{Key: r.word()}
	if r.skip("to") {
		in.Revision = r.number()
	}
	return in
}

func (r *lexer) delete() Input {
	in := Delete{Key: r.word()}
	if r.rest(); r.text == "" {
		return in
	}
	word := r.word()
	for _, in.Propagation = range propagations {
		if strings.ToLower(string(in.Propagation)) == word {
			return in
		}
	}
	r.fail("propagation %q: must be background, foreground or orphan", word)
	return in
}

func (r *lexer) editNode() Input {
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
