package cluster

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/defaults"
	"github.com/berthsim/berth/internal/apiserver/validation"
	"github.com/berthsim/berth/internal/kube"
)

// Version is a minor release of Kubernetes, that of the control plane: "1.36". The
// rules of its API server, controllers and scheduler apply, with feature gates at
// their defaults. The empty Version is [Latest].
type Version string

// Latest is the newest release whose rules berth knows, and the default.
const Latest Version = "1.37"

// Versions returns the releases whose rules berth knows, ascending.
func Versions() []Version {
	var all []Version
	for r := kube.OldestRelease; r <= kube.LatestRelease; r++ {
		all = append(all, Version(r.String()))
	}
	return all
}

// release returns the release, and false if it is not among Versions. The empty
// Version is release 0.
func (v Version) release() (kube.Release, bool) {
	if v == "" {
		return 0, true
	}
	r, ok := kube.ParseRelease(string(v))
	return r, ok && r == r.Rules() && r.String() == string(v)
}

// Default is [Default] for an API server of this release. It also drops the fields of
// a new object whose feature gates are off in that release. An unknown Version counts
// as Latest.
func (v Version) Default(object runtime.Object) runtime.Object {
	return defaults.ApplyAt(v.orLatest(), object)
}

// Validate is [Validate] for an API server of this release: defaults and dropped
// fields are those of the release. The words are those of the linked
// k8s.io/apimachinery. An unknown Version counts as Latest.
func (v Version) Validate(object runtime.Object) field.ErrorList {
	return validation.ValidateAt(v.orLatest(), object)
}

func (v Version) orLatest() kube.Release {
	if r, ok := v.release(); ok {
		return r
	}
	return 0
}

// Version returns the release whose rules apply to the cluster: the cluster's own
// release, Latest if that is not known, or the nearest release that berth knows.
func (c *Cluster) Version() Version {
	return Version(c.snapshot().Release().Rules().String())
}

// told returns the release that the cluster was given, or "".
func (c *Cluster) told() Version {
	r := c.snapshot().Release()
	if r == 0 {
		return ""
	}
	return Version(r.String())
}

// WithVersion returns a changed copy: the rules of the given release apply. For an
// unknown Version it returns an error that names the known ones.
func (c *Cluster) WithVersion(v Version) (*Cluster, error) {
	r, ok := v.release()
	if !ok {
		known := make([]string, 0, 4)
		for _, k := range Versions() {
			known = append(known, string(k))
		}
		return nil, fmt.Errorf("version %q of Kubernetes is not known: berth knows %s", string(v), strings.Join(known, ", "))
	}
	return c.withRelease(r), nil
}

func (c *Cluster) withRelease(r kube.Release) *Cluster {
	return (*Cluster)(c.snapshot().WithRelease(r))
}

// VersionNote returns a sentence if [Cluster.Version] may differ from the cluster's own
// release, and "" otherwise. Either the release is not known (then the newest kubelet
// is a lower bound, because no kubelet is newer than its API server), or berth does
// not know its rules.
func (c *Cluster) VersionNote() string {
	told := c.snapshot().Release()
	switch rules := told.Rules(); {
	case told != 0 && told != rules:
		return fmt.Sprintf("Kubernetes %s is predicted by the rules of %s, the nearest release that berth knows", told, rules)
	case told != 0:
		return ""
	}
	if newest := c.newestKubelet(); newest != 0 {
		return fmt.Sprintf("the release of the API server is not known: the rules of %s apply; it is %s or newer, as a kubelet is", Latest, newest)
	}
	return fmt.Sprintf("the release of the API server is not known: the rules of %s apply", Latest)
}

func (c *Cluster) newestKubelet() kube.Release {
	var newest kube.Release
	for _, n := range c.snapshot().NodeList() {
		if r, ok := kube.ParseRelease(n.Status.NodeInfo.KubeletVersion); ok {
			newest = max(newest, r)
		}
	}
	return newest
}
