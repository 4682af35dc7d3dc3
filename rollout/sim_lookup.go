package rollout

import (
	"fmt"
	"path"

	"github.com/berthsim/berth/internal/kube"
	"github.com/berthsim/berth/internal/spell"
)

// resolve returns the object that a key names, a DaemonSet or a Deployment. Both
// results are nil if there is none, or if the key has no kind and there are both.
func (o *objectTables) resolve(key string) (*daemonSet, *deployment) {
	kind, name, err := kube.ParseKey(key)
	if err != nil {
		return nil, nil
	}
	d, deployed := o.daemonSets.find(name), o.deployments.find(name)
	switch {
	case kind == kube.DaemonSetKind:
		return d, nil
	case kind == kube.DeploymentKind:
		return nil, deployed
	case d != nil && deployed != nil:
		return nil, nil
	}
	return d, deployed
}

// lookup is resolve with an error if the key does not name one object.
func (o *objectTables) lookup(key string) (*daemonSet, *deployment, error) {
	d, deployed := o.resolve(key)
	if d == nil && deployed == nil {
		return nil, nil, o.unresolved(key)
	}
	return d, deployed, nil
}

// unresolved returns why the key does not name one object, with the key that may
// be meant.
func (o *objectTables) unresolved(key string) error {
	kind, name, err := kube.ParseKey(key)
	_, short, _ := cutKey(name)
	switch {
	case err != nil && key == "":
		return err
	case err != nil:
		return fmt.Errorf("%w%s", err, o.suggestion(key))
	case kind == kube.DaemonSetKind:
		return fmt.Errorf("daemonsets.apps %q not found%s", short, o.suggestion(name))
	case kind == kube.DeploymentKind:
		return fmt.Errorf("deployments.apps %q not found%s", short, o.suggestion(name))
	case o.daemonSets.find(name) != nil:
		return fmt.Errorf("key %q: must be %s or %s, since both exist", key, kube.DaemonSetKind+name, kube.DeploymentKind+name)
	}
	return fmt.Errorf("daemonsets.apps and deployments.apps %q not found%s", short, o.suggestion(name))
}

// suggestion returns the key that may be meant, for the end of an error, or "".
// That is the key of an object with a similar namespace/name, or with the same
// name in another namespace.
func (o *objectTables) suggestion(name string) string {
	const most = 2
	near, least := "", most+2
	for _, key := range o.keys() {
		d := spell.Distance(name, plainKey(key), most)
		same := path.Base(name) == path.Base(key)
		if (d <= most || same) && d < least {
			near, least = key, d
		}
	}
	if near == "" {
		return ""
	}
	return ": did you mean " + near + "?"
}

// keys returns the keys of all DaemonSets and Deployments with their kinds,
// ascending.
func (o *objectTables) keys() []string {
	keys := make([]string, 0, len(o.daemonSets.order)+len(o.deployments.order))
	for _, slot := range o.daemonSets.order {
		keys = append(keys, o.daemonSets.at[slot].fullKey)
	}
	for _, slot := range o.deployments.order {
		keys = append(keys, o.deployments.at[slot].fullKey)
	}
	return keys
}
