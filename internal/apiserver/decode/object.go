package decode

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// outcome is the result of reading one object of a document, before it is compared
// with the rest of the input.
type outcome struct {
	place  Place
	index  int // of the item, if the list was cut
	header header
	name   string // how messages name the object

	// At most one of these is set.
	object  runtime.Object // of the model
	skipped string         // why the object is not of the model
	deleted bool           // the object no longer exists (a watch event)
	server  string         // the API server's version
	bare    bool           // it has neither kind nor apiVersion, and the kind of its list was not yet known

	remarks []Remark
	failed  bool // the remarks are mistakes
	absent  bool // the object has no namespace of its own
}

// worker turns the text of one place into outcomes. It depends on nothing else, so
// several may run at once.
type worker struct {
	*Options
	check     bool // drop the text of valid objects
	lines     LineFinder
	repeats   bool // the YAML has repeated keys
	listKnown bool // the inherited header is known
	broken    bool // the text is not JSON
	out       []outcome
}

// object reads the value at a place: a list or an object. The items of a list
// inherit the header fields that they lack.
func (w *worker) object(at Place, raw json.RawMessage, inherited header) {
	at.line = w.lines.objectLine(at)
	if o, ok := w.fast(at, raw, inherited); ok {
		w.out = append(w.out, o)
		return
	}
	if at.text.isJSON && at.path == "" && !json.Valid(raw) {
		w.broken = true
		return
	}
	o := outcome{place: at}
	fields := objectOf(raw)
	if fields == nil {
		w.fail(&o, at.item, mistake{message: "must be an object with kind and apiVersion, not " + describeValue(raw)})
		return
	}
	h, mistakes := readHeader(fields)
	if len(mistakes) > 0 {
		w.fail(&o, h.describe(at.item), mistakes...)
		return
	}
	if h.kind == "" && h.apiVersion == "" {
		if w.watchEvent(at, fields) {
			return
		}
		if version := serverVersion(fields); version != "" {
			w.out = append(w.out, outcome{place: at, server: version})
			return
		}
		if !w.listKnown {
			w.out = append(w.out, outcome{place: at, bare: true})
			return
		}
		w.nameKind(&o, &h, fields, inherited)
	}
	o.header = h
	if h.isList(fields) {
		w.list(&o, h, fields)
		return
	}
	switch kind, skip, wrong := h.judge(); {
	case wrong != nil:
		w.fail(&o, h.describe(at.item), *wrong)
	case skip != "":
		o.skipped, o.name = skip, h.describe(at.item)
		w.out = append(w.out, o)
	default:
		w.keep(&o, kind, h, raw)
	}
}

// watchEvent reads an event of kubectl get -w --output-watch-events
// (k8s.io/apimachinery/pkg/apis/meta/v1/watch.go: WatchEvent). It reports whether
// the object is an event.
func (w *worker) watchEvent(at Place, fields map[string]json.RawMessage) bool {
	if len(fields) != 2 || fields["type"] == nil || objectOf(fields["object"]) == nil {
		return false
	}
	inner := at.inner("object")
	first := len(w.out)
	switch stringOf(fields["type"]) {
	case "ADDED", "MODIFIED", "ERROR":
		w.object(inner, fields["object"], header{})
	case "DELETED":
		w.object(inner, fields["object"], header{})
		for i := range w.out[first:] {
			w.out[first+i].deleted = w.out[first+i].object != nil
		}
	case "BOOKMARK":
	default:
		return false
	}
	return true
}

// serverVersion returns the API server's version if the document is the output of
// kubectl version -o yaml or -o json, and "" otherwise
// (k8s.io/kubectl/pkg/cmd/version/version.go: Version).
func serverVersion(fields map[string]json.RawMessage) string {
	return stringOf(objectOf(fields["serverVersion"])["gitVersion"])
}

// nameKind sets the missing kind and apiVersion of an object, from its list or as
// recognised from its fields.
func (w *worker) nameKind(o *outcome, h *header, fields map[string]json.RawMessage, inherited header) {
	if inherited.kind != "" {
		h.kind, h.apiVersion = inherited.kind, inherited.apiVersion
		return
	}
	k, ok := recognise(fields)
	list := ""
	if first := itemsOf(fields["items"]); !ok && len(first) > 0 {
		k, ok = recognise(objectOf(first[0]))
		list = "List"
	}
	if !ok {
		return
	}
	h.kind, h.apiVersion = k.Name+list, k.APIVersion
	w.warn(o, h.describe(o.place.item), "kind", "missing, as is apiVersion: read as "+k.APIVersion+" "+h.kind+", as only a stored "+k.Name+" has "+k.Live)
}

// maxNestedLists bounds the work on nested lists, because each level is scanned again.
const maxNestedLists = 8

// list reads the items of a list as unstructuredJSONScheme.decodeToList of
// apimachinery does: an item with neither kind nor apiVersion has those of a
// typed list.
func (w *worker) list(o *outcome, h header, fields map[string]json.RawMessage) {
	at, name := o.place, h.describe(o.place.item)
	mistakes := typeErrors(fields["items"], reflect.TypeFor[[]json.RawMessage](), "items")
	if strings.Count(at.item, "items[") >= maxNestedLists {
		mistakes = []mistake{{field: "items", message: "lists are nested too deeply"}}
	}
	if len(mistakes) > 0 {
		w.fail(o, name, mistakes...)
		return
	}
	w.warnOfList(o, h, fields)
	w.out = append(w.out, *o)
	of := h.ofItems()
	known := w.listKnown
	w.listKnown = true
	for i, raw := range itemsOf(fields["items"]) {
		w.object(at.inner("items["+strconv.Itoa(i)+"]"), raw, of)
	}
	w.listKnown = known
}

// warnOfList adds the warnings about a list other than those about its items.
func (w *worker) warnOfList(o *outcome, h header, fields map[string]json.RawMessage) {
	o.name = h.describe(o.place.item)
	w.warnRepeated(o, o.name, true)
	if more := stringOf(objectOf(fields["metadata"])["continue"]); more != "" {
		w.warn(o, o.name, "metadata.continue", "the list is incomplete: it is one page of a longer one")
	}
}

// ofItems returns the header that the items of the list inherit.
func (h header) ofItems() header {
	kind := strings.TrimSuffix(h.kind, "List")
	if kind == "" {
		return header{}
	}
	return header{kind: kind, apiVersion: h.apiVersion}
}

// keep decodes an object of a kind in the table.
func (w *worker) keep(o *outcome, kind kinds.Kind, h header, raw json.RawMessage) {
	object := newObject(kind)
	meta := object.(metav1.Object)
	t := reflect.TypeOf(object).Elem()
	strict, err := kjson.UnmarshalStrict(raw, object)
	o.absent = kind.Namespaced && meta.GetNamespace() == ""
	if o.absent {
		h.namespace = metav1.NamespaceDefault
	}
	name := h.describe(o.place.item)
	w.warnRepeated(o, name, false)
	if err != nil {
		w.fail(o, name, orWhole(typeErrors(raw, t, ""), err)...)
		return
	}
	if len(strict) > 0 {
		if err := w.tellSlips(o, name, t, raw); err != nil {
			w.fail(o, name, mistake{message: err.Error()})
			return
		}
	}
	if w.Strict && len(o.remarks) > 0 {
		o.failed, o.name, o.header = true, name, h
		w.out = append(w.out, *o)
		return
	}
	if meta.GetName() == "" {
		w.fail(o, name, mistake{field: "metadata.name", message: missingName(h)})
		return
	}
	if isFragment(kind, raw) {
		w.warn(o, name, "", "has no selector and no containers: is this a patch? build it with its base first (kubectl kustomize)")
	}
	w.finish(o, kind, h, object)
	w.out = append(w.out, *o)
}

// finish completes the outcome of a decoded object.
func (w *worker) finish(o *outcome, kind kinds.Kind, h header, object runtime.Object) {
	meta := object.(metav1.Object)
	if o.absent {
		meta.SetNamespace(metav1.NamespaceDefault)
		h.namespace = metav1.NamespaceDefault
	}
	object.GetObjectKind().SetGroupVersionKind(kind.GVK())
	if !w.KeepAll {
		meta.SetManagedFields(nil)
	}
	clip(object)
	o.object, o.header, o.name = object, h, kinds.ObjectName(kind.Name, h.namespace, h.name)
	switch {
	case !w.check:
	case w.Valid(object):
		o.place.text = nil
	default: // a copy, as the text is part of a block
		o.place.text.bytes = bytes.Clone(o.place.text.bytes)
	}
}

func newObject(kind kinds.Kind) runtime.Object {
	return reflect.New(reflect.TypeOf(kind.Zero).Elem()).Interface().(runtime.Object)
}

// orWhole returns parts, or if there are none a mistake about the whole object.
func orWhole(parts []mistake, err error) []mistake {
	if len(parts) == 0 {
		return []mistake{{message: err.Error()}}
	}
	return parts
}

func missingName(h header) string {
	if h.generateName != "" {
		return "missing: generateName is for the API server; give the object a name"
	}
	return "missing"
}

func (w *worker) remark(o *outcome, line int, name, field, message string) {
	o.remarks = append(o.remarks, Remark{File: o.place.file, Document: o.place.document, Line: line, Object: name, Field: field, Message: message})
}

func (w *worker) warn(o *outcome, name, field, message string) {
	w.remark(o, w.lines.Line(o.place, field), name, field, message)
}

// fail ends the outcome with the mistakes of an object. Earlier warnings remain
// warnings, in an outcome of their own.
func (w *worker) fail(o *outcome, name string, all ...mistake) {
	if len(o.remarks) > 0 {
		w.out = append(w.out, outcome{place: o.place, name: o.name, remarks: o.remarks})
		o.remarks = nil
	}
	for _, m := range all {
		w.warn(o, name, m.field, m.message+w.surprise(o.place, m))
	}
	o.failed, o.name = true, name
	w.out = append(w.out, *o)
}

// surprise explains a boolean that the author probably meant as a word: in the YAML
// that Kubernetes reads (1.1) y, n, on, off, yes and no are booleans.
func (w *worker) surprise(at Place, m mistake) string {
	if m.boolean == "" {
		return ""
	}
	if written := w.lines.spelling(at, m.field); written != "" && written != m.boolean {
		return " (YAML reads " + written + " as " + m.boolean + ")"
	}
	return ""
}

// warnRepeated reports the repeated YAML keys of an object.
func (w *worker) warnRepeated(o *outcome, name string, isList bool) {
	if !w.repeats {
		return
	}
	node := w.lines.node(o.place)
	if node == nil {
		return
	}
	t := o.place.text
	for _, key := range repetitions(node, isList) {
		w.remark(o, t.streamLine(key.line), name, key.path.String(), "repeats the key of line "+strconv.Itoa(t.streamLine(key.first))+", which is dropped")
	}
}

// tellSlips reports the mistakes of strict decoding: unknown fields and repeated
// JSON members. It returns an error if the object is nested too deeply.
func (w *worker) tellSlips(o *outcome, name string, t reflect.Type, raw json.RawMessage) error {
	root, err := jsonNode(raw)
	if err != nil {
		return err
	}
	direct := o.place.text.isJSON && o.place.path == ""
	for _, s := range slipsIn(root, t) {
		message := "repeated key; the last value of each field counts"
		if !s.repeated {
			message = "unknown field, ignored" + suggestField(t, s.at.names())
			if w.Strict {
				message = "unknown field" + suggestField(t, s.at.names())
			}
		}
		field := s.at.String()
		line := 0
		if direct {
			line = o.place.text.streamLine(s.node.Line)
		} else {
			line = w.lines.lineOf(o.place, s.at)
		}
		w.remark(o, line, name, field, message)
	}
	sortRemarks(o.remarks)
	return nil
}

// isFragment reports whether an object of a kind with a pod template has neither a
// selector nor containers. The API server would refuse it.
func isFragment(k kinds.Kind, raw json.RawMessage) bool {
	if k.APIVersion != "apps/v1" || k.Name == "ControllerRevision" {
		return false
	}
	spec := objectOf(objectOf(raw)["spec"])
	podSpec := objectOf(objectOf(spec["template"])["spec"])
	return spec["selector"] == nil && podSpec["containers"] == nil
}

// ownName returns the key that identifies an object among all objects, as in the API
// server.
func (h header) ownName() string {
	group, _, ok := strings.Cut(h.apiVersion, "/")
	if !ok {
		group = ""
	}
	namespace := h.namespace
	if k, ok := kinds.Named(h.kind); ok && !k.Namespaced {
		namespace = "" // namespaces do not distinguish nodes
	}
	return strings.Join([]string{group, h.kind, namespace, h.name}, "\x00")
}
