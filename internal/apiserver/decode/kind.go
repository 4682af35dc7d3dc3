package decode

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// header holds the fields common to all objects, before the kind is known.
type header struct {
	apiVersion, kind              string
	namespace, name, generateName string
}

// readHeader reads the header of a JSON object. A value that is not a string reads
// as "". It returns the mistakes in apiVersion and kind.
func readHeader(fields map[string]json.RawMessage) (h header, mistakes []mistake) {
	for name, into := range map[string]*string{"apiVersion": &h.apiVersion, "kind": &h.kind} {
		if raw, ok := fields[name]; ok {
			mistakes = append(mistakes, typeErrors(raw, reflect.TypeFor[string](), name)...)
			*into = stringOf(raw)
		}
	}
	slices.SortFunc(mistakes, func(a, b mistake) int { return strings.Compare(a.field, b.field) })
	meta := objectOf(fields["metadata"])
	h.namespace, h.name, h.generateName = stringOf(meta["namespace"]), stringOf(meta["name"]), stringOf(meta["generateName"])
	return h, mistakes
}

func stringOf(raw json.RawMessage) (s string) {
	if len(raw) > 0 && kjson.UnmarshalCaseSensitivePreserveInts(raw, &s) != nil {
		return ""
	}
	return s
}

// objectOf returns the members of a JSON object, or nil if it is not an object. The
// last of repeated members counts.
func objectOf(raw json.RawMessage) (members map[string]json.RawMessage) {
	if len(raw) > 0 && kjson.UnmarshalCaseSensitivePreserveInts(raw, &members) != nil {
		return nil
	}
	return members
}

// itemsOf returns the values of a JSON array, or nil if it is not an array.
func itemsOf(raw json.RawMessage) (items []json.RawMessage) {
	if len(raw) > 0 && kjson.UnmarshalCaseSensitivePreserveInts(raw, &items) != nil {
		return nil
	}
	return items
}

// isList reports whether the object is a list: its kind ends in List, and it has
// items, as for unstructuredJSONScheme of apimachinery. List and the lists of
// modelled kinds need no items.
func (h header) isList(fields map[string]json.RawMessage) bool {
	_, hasItems := fields["items"]
	_, modelled := kinds.Named(strings.TrimSuffix(h.kind, "List"))
	return strings.HasSuffix(h.kind, "List") && (hasItems || modelled || h.kind == "List")
}

// describe returns a name for the object, as complete as its header allows.
func (h header) describe(item string) string {
	name := h.nameOrPattern()
	switch {
	case name != "" && h.kind == "":
		return kinds.ObjectName("object", h.namespace, name)
	case name == "":
		return strings.TrimSpace(h.kind + " " + item)
	}
	return kinds.ObjectName(h.kind, h.namespace, name)
}

func (h header) nameOrPattern() string {
	if h.name == "" && h.generateName != "" {
		return h.generateName + "*"
	}
	return h.name
}

// recognise determines the kind of a stored object that has no kind and apiVersion.
// Typed Go clients clear these fields, so dumps written by programs often lack them.
// The API server itself would refuse the object.
func recognise(fields map[string]json.RawMessage) (kinds.Kind, bool) {
	for _, k := range kinds.All {
		outer, inner, ok := strings.Cut(k.Live, ".")
		if _, has := objectOf(fields[outer])[inner]; ok && has {
			return k, true
		}
	}
	return kinds.Kind{}, false
}

// judge decides how to treat an object with this apiVersion and kind: it is of the
// model (no reason), skipped, or a mistake in field.
func (h header) judge() (k kinds.Kind, skip string, wrong *mistake) {
	switch {
	case h.kind == "" && h.apiVersion == "":
		return k, "", &mistake{field: "kind", message: "missing, as is apiVersion"}
	case h.kind == "":
		return k, "", &mistake{field: "kind", message: "missing"}
	case h.apiVersion == "":
		return k, "", &mistake{field: "apiVersion", message: "missing" + h.suggestVersion()}
	}
	gv, err := schema.ParseGroupVersion(h.apiVersion)
	if err != nil {
		return k, "", &mistake{field: "apiVersion", message: "must be version or group/version, not " + quote(h.apiVersion)}
	}
	k, exact := kinds.Named(h.kind)
	switch {
	case exact && k.APIVersion == h.apiVersion:
		return k, "", nil
	case h.kind == "Status" && h.apiVersion == "v1":
		return k, "", &mistake{field: "kind", message: "this is the API server's answer to a request that failed, not an object"}
	case k.Name != "" && !ownedByKubernetes(gv.Group):
		return k, "the API group " + gv.Group + " is not Kubernetes' own; only " + k.Name + " of " + k.APIVersion + " is modelled", nil
	case exact:
		return k, "", &mistake{field: "apiVersion", message: "Kubernetes 1.37 does not serve " + h.kind + " in " + h.apiVersion + ": " + h.removal() + "write " + k.APIVersion}
	case k.Name != "":
		return k, "", &mistake{field: "kind", message: "kinds are case-sensitive: write " + k.Name}
	case h.apiVersion == "apps/v1":
		return k, "", &mistake{field: "kind", message: "apps/v1 has no such kind; it has ControllerRevision, DaemonSet, Deployment, ReplicaSet and StatefulSet"}
	}
	return k, "kind is not modelled", nil
}

// suggestVersion returns advice if only the version is missing.
func (h header) suggestVersion() string {
	if k, ok := kinds.Named(h.kind); ok {
		return ": write " + k.APIVersion
	}
	return ""
}

// ownedByKubernetes reports whether the API group belongs to Kubernetes: it has no
// dot or ends in .k8s.io (the API server protects that suffix).
func ownedByKubernetes(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && !strings.HasSuffix(group, ".x-k8s.io")
}

// removals holds when the API versions that old manifests name were last served,
// from the deprecation guide of the Kubernetes documentation.
var removals = map[string]string{
	"extensions/v1beta1":         "1.16",
	"apps/v1beta1":               "1.16",
	"apps/v1beta2":               "1.16",
	"policy/v1beta1":             "1.25",
	"scheduling.k8s.io/v1beta1":  "1.22",
	"scheduling.k8s.io/v1alpha1": "1.22",
}

func (h header) removal() string {
	if release, ok := removals[h.apiVersion]; ok {
		return "removed in " + release + "; "
	}
	return ""
}
