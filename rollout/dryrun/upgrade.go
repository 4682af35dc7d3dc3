package dryrun

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/borrow"
	"github.com/berthsim/berth/placement"
)

// Upgrade returns what changes for a cluster when its control plane is upgraded from
// its present release to another: it asks the rules of both the same questions and
// returns where the answers differ. applied are manifests that somebody will apply
// again; they are validated together with the objects of the cluster.
//
// The questions are what the API server stores of each object and whether it refuses
// it, where each DaemonSet's pods run, where the next pod of every other controller
// goes and what the event of a pod that fits nowhere says, and what a restart of each
// DaemonSet and Deployment does. Then the kubelets that are older than the new release
// are upgraded in a simulation, node by node: kubectl drain, the new version, kubectl
// uncordon. Nothing that berth models depends on the version of a kubelet. A node that
// does not report one is left out.
//
// A cluster of manifests settles first, as in a Plan. It is an error if the release of
// the cluster is not known (see cluster.Cluster.WithVersion) or newer than the other.
func Upgrade(c *cluster.Cluster, to cluster.Version, cfg Config, applied ...runtime.Object) (Findings, error) {
	u, err := newUpgrade(c, to, cfg)
	if err != nil {
		return nil, err
	}
	if u.changes() {
		u.compareObjects(applied)
		u.compareDaemonSets()
		u.comparePods()
		err = u.compareRestarts()
	}
	if err == nil {
		err = u.upgradeKubelets()
	}
	u.found.sort()
	return u.found, err
}

// upgrade is one cluster under the rules of two releases.
type upgrade struct {
	config   Config
	from, to *cluster.Cluster
	found    Findings
}

func newUpgrade(c *cluster.Cluster, to cluster.Version, cfg Config) (*upgrade, error) {
	after, err := c.WithVersion(cmp.Or(to, cluster.Latest))
	if err != nil {
		return nil, err
	}
	known, wanted := borrow.From(c).Release(), borrow.From(after).Release()
	switch {
	case known == 0:
		return nil, errors.New("the present release of the cluster is not known")
	case known > wanted:
		return nil, fmt.Errorf("the cluster has release %s already, which is newer than %s", known, wanted)
	}
	b, err := NewBaseline(c, cfg)
	if b == nil {
		return nil, err // DaemonSets that cannot be read are told by compareObjects
	}
	u := &upgrade{config: b.config, from: b.cluster}
	u.config.Settle = false
	u.to, err = u.from.WithVersion(after.Version())
	return u, err
}

// changes reports whether the two releases have different rules at all.
func (u *upgrade) changes() bool { return u.from.Version() != u.to.Version() }

func (u *upgrade) find(rule string, severity Severity, object string, nodes []string, message, remedy string) {
	u.found = append(u.found, Finding{Rule: rule, Severity: severity, Object: object, Nodes: append([]string{}, nodes...), Message: message, Remedy: remedy})
}

// otherwise returns a sentence about an answer that differs.
func (u *upgrade) otherwise(before, after string) string {
	return fmt.Sprintf("in %s %s; in %s %s", u.from.Version(), before, u.to.Version(), after)
}

// compareObjects compares what the API servers make of each object that somebody
// writes: not of pods that a controller makes from its template.
func (u *upgrade) compareObjects(applied []runtime.Object) {
	seen := map[string]bool{}
	for _, o := range slices.Concat(applied, u.from.Manifest().Objects()) {
		if absent(o) {
			continue
		}
		if pod, ok := o.(*corev1.Pod); ok && metav1.GetControllerOfNoCopy(pod) != nil {
			continue
		}
		o = o.DeepCopyObject()
		setNamespace(o)
		if name := nameOf(o); !seen[name] {
			seen[name] = true
			u.compareObject(name, o)
		}
	}
}

func (u *upgrade) compareObject(name string, o runtime.Object) {
	before, after := answerOf(u.from.Version(), o), answerOf(u.to.Version(), o)
	switch {
	case before == after && after != accepted:
		return
	case before != after:
		severity := SeverityProblem
		if after == accepted {
			severity = SeverityNote
		}
		u.find("OtherValidation", severity, name, nil, u.otherwise(before, after), "change the manifest before the upgrade")
		return
	}
	var lines []string
	for _, f := range fieldChanges("", u.from.Version().Default(o), u.to.Version().Default(o)) {
		lines = append(lines, f.line())
	}
	if len(lines) > 0 {
		u.find("OtherDefaults", SeverityNote, name, nil, "the API server stores other fields: "+strings.Join(lines, ", "), "state the fields in the manifest")
	}
}

const accepted = "it is accepted"

// answerOf returns whether an API server accepts an object, or its mistakes.
func answerOf(v cluster.Version, o runtime.Object) string {
	if err := v.Validate(o).ToAggregate(); err != nil {
		return "it is refused: " + err.Error()
	}
	return accepted
}

func (u *upgrade) compareDaemonSets() {
	for _, ds := range borrow.From(u.from).DaemonSets() {
		before, after := u.predict(u.from, ds), u.predict(u.to, ds)
		if before == nil || after == nil {
			continue
		}
		name := nameOf(ds)
		if changes := placement.Diff(before, after); !changes.Empty() {
			var nodes []string
			for change := range changes.All() {
				nodes = append(nodes, change.Node)
			}
			u.find("OtherNodes", SeverityProblem, name, nodes, strings.TrimSuffix(changes.String(), "\n"), "make the change before the upgrade, when it can still be watched by itself")
		}
		var nodes []string
		var example string
		for node := range borrow.Nodes(after.Pending()) {
			if text := u.otherEvent(before, after, node.Name); text != "" {
				nodes, example = append(nodes, node.Name), cmp.Or(example, text)
			}
		}
		if len(nodes) > 0 {
			u.find("OtherEvent", SeverityNote, name, nodes, example, otherEventRemedy)
		}
	}
}
