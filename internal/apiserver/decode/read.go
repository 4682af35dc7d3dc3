// Package decode reads streams of YAML or JSON documents into the objects of
// package kinds, as kubectl and the API server do: separators as in
// streams (k8s.io/apimachinery/pkg/util/yaml/decoder.go: YAMLReader,
// YAMLOrJSONDecoder), fields by their exact names as in strict decoding
// (k8s.io/apimachinery/pkg/runtime/serializer/json/json.go:
// Serializer.unmarshal).
package decode

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// Result is what a stream holds, each list in the order of the stream.
type Result struct {
	Objects  []Object
	Skipped  []Skipped // objects of kinds that are not modelled
	Warnings []Remark  // what the API server would accept and drop
	Mistakes []Remark
}

// Object is an object as written, but for an absent namespace, which is
// "default", and an absent kind and apiVersion, which are set.
type Object struct {
	Object runtime.Object
	Place  Place
}

// Skipped is an object of a kind that is not modelled, and why it is not read.
type Skipped struct {
	Kind, APIVersion, Namespace, Name string

	Document int // counted from 1
	Line     int // of the stream, counted from 1
	Reason   string
}

// Read reads a stream of YAML or JSON documents. Each object that it returns has
// a name, and no two of a kind have the same name and namespace.
func Read(stream []byte) Result {
	r := reader{seen: map[string]Place{}}
	for _, doc := range splitDocuments(stream) {
		r.document(doc)
	}
	sortRemarks(r.Warnings)
	sortRemarks(r.Mistakes)
	return r.Result
}

// reader turns documents into a Result.
type reader struct {
	Result
	lines    LineFinder
	seen     map[string]Place // every object so far, by kind, namespace and name
	repeated []repetition     // of the current document, not yet reported
}

// document reads one document.
func (r *reader) document(doc *document) {
	r.lines = NewLineFinder() // what the last one took is free
	if doc.broken != nil {
		r.refuse(doc, doc.line, doc.broken.Error())
		return
	}
	if end := doc.endMarker(); end > 0 {
		r.warnAt(end, Place{doc: doc}, "", "", "what follows ... is ignored, as by kubectl: separate documents with ---")
	}
	if value := r.value(doc); value != nil && string(value) != "null" {
		r.object(Place{doc: doc}, value, header{})
	}
	r.repeated = nil
}

// value is the content of the document as JSON, nil if it has none. Keys that
// repeat are remembered until it is known whose they are.
func (r *reader) value(doc *document) json.RawMessage {
	if doc.isJSON {
		return doc.text
	}
	value, repeated, mistakes, err := yamlToJSON(doc.text)
	switch {
	case err != nil:
		line, message := doc.explainYAML(err)
		r.refuse(doc, line, message)
		return nil
	case len(mistakes) > 0:
		r.failAll(Place{doc: doc}, "", mistakes)
		return nil
	case repeated == nil:
		return value
	}
	if r.repeated = r.lines.repetitions(doc); r.repeated == nil {
		r.warn(Place{doc: doc}, "", "", "repeated keys, the last one counts: "+firstRepeated(repeated))
	}
	return value
}

// object reads what stands at a place: a list or an object. A list gives its
// items what they do not say of themselves.
func (r *reader) object(at Place, raw json.RawMessage, inherited header) {
	fields := objectOf(raw)
	if fields == nil {
		r.fail(at, at.item, "", "must be an object with kind and apiVersion, not "+describeValue(raw))
		return
	}
	h, mistakes := readHeader(fields)
	if len(mistakes) > 0 {
		r.failAll(at, h.describe(at.item), mistakes)
		return
	}
	if h.kind == "" && h.apiVersion == "" {
		r.nameKind(at, &h, fields, inherited)
	}
	if h.isList(fields) {
		r.list(at, h, fields)
		return
	}
	switch kind, skip, wrong := h.judge(); {
	case wrong != nil:
		r.failAll(at, h.describe(at.item), []mistake{*wrong})
	case skip != "":
		r.skip(at, h, skip)
	default:
		r.keep(at, kind, h, raw)
	}
}

// nameKind gives an object without kind and apiVersion those of its list, or of
// the kind it shows to be.
func (r *reader) nameKind(at Place, h *header, fields map[string]json.RawMessage, inherited header) {
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
	r.warn(at, h.describe(at.item), "kind", "missing, as is apiVersion: read as "+k.APIVersion+" "+h.kind+", as only a stored "+k.Name+" has "+k.Live)
}

// maxNestedLists bounds the work on lists in lists, each of which is scanned again.
const maxNestedLists = 8

// list reads the items of a list as unstructuredJSONScheme.decodeToList of
// apimachinery does: an item with neither kind nor apiVersion has those of a
// typed list.
func (r *reader) list(at Place, h header, fields map[string]json.RawMessage) {
	mistakes := typeErrors(fields["items"], reflect.TypeFor[[]json.RawMessage](), "items")
	if strings.Count(at.item, "items[") >= maxNestedLists {
		mistakes = []mistake{{field: "items", message: "lists are nested too deeply"}}
	}
	if len(mistakes) > 0 {
		r.failAll(at, h.describe(at.item), mistakes)
		return
	}
	of := header{kind: strings.TrimSuffix(h.kind, "List"), apiVersion: h.apiVersion}
	if of.kind == "" {
		of = header{}
	}
	for i, raw := range itemsOf(fields["items"]) {
		r.object(Place{doc: at.doc, item: at.path("items[" + strconv.Itoa(i) + "]")}, raw, of)
	}
	r.warnRepeated(at, h.describe(at.item))
	if more := stringOf(objectOf(fields["metadata"])["continue"]); more != "" {
		r.warn(at, h.describe(at.item), "metadata.continue", "the list is incomplete: it is one page of a longer one")
	}
}

// skip lists an object that is not modelled.
func (r *reader) skip(at Place, h header, reason string) {
	if earlier, again := r.meet(at, h); again {
		r.warn(at, h.describe(at.item), "", "is also in "+r.where(earlier))
	}
	r.Skipped = append(r.Skipped, Skipped{
		Kind: h.kind, APIVersion: h.apiVersion, Namespace: h.namespace, Name: h.nameOrPattern(),
		Document: at.doc.number, Line: r.lines.Line(at, ""), Reason: reason,
	})
}

// keep decodes an object of a kind in the table.
func (r *reader) keep(at Place, kind kinds.Kind, h header, raw json.RawMessage) {
	object := kind.Zero.DeepCopyObject()
	meta := object.(metav1.Object)
	strict, err := kjson.UnmarshalStrict(raw, object)
	absent := kind.Namespaced && meta.GetNamespace() == ""
	if absent {
		h.namespace = metav1.NamespaceDefault
	}
	name := h.describe(at.item)
	r.warnRepeated(at, name)
	if err != nil {
		r.failAll(at, name, orWhole(typeErrors(raw, reflect.TypeOf(kind.Zero).Elem(), ""), err))
		return
	}
	r.warnStrict(at, name, reflect.TypeOf(kind.Zero).Elem(), strict)
	if meta.GetName() == "" {
		r.fail(at, name, "metadata.name", missingName(h))
		return
	}
	if absent {
		r.warn(at, name, "metadata.namespace", "absent: read as "+metav1.NamespaceDefault)
		meta.SetNamespace(metav1.NamespaceDefault)
	}
	if earlier, again := r.meet(at, h); again {
		r.fail(at, name, "", "is already in "+r.where(earlier))
		return
	}
	object.GetObjectKind().SetGroupVersionKind(kind.GVK())
	if isFragment(kind, raw) {
		r.warn(at, name, "", "has no selector and no containers: is this a patch? build it with its base first (kubectl kustomize)")
	}
	r.Objects = append(r.Objects, Object{object, at})
}

// orWhole blames the whole object if no part of it is to blame.
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

// meet remembers a named object, and says where it was met before.
func (r *reader) meet(at Place, h header) (earlier Place, again bool) {
	if h.name == "" {
		return Place{}, false
	}
	group, _, _ := strings.Cut(h.apiVersion, "/")
	if !strings.Contains(h.apiVersion, "/") {
		group = ""
	}
	namespace := h.namespace
	if k, ok := kinds.Named(h.kind); ok && !k.Namespaced {
		namespace = "" // the API server knows no two nodes of one name
	}
	key := strings.Join([]string{group, h.kind, namespace, h.name}, "\x00")
	if earlier, again = r.seen[key]; !again {
		r.seen[key] = at
	}
	return earlier, again
}

func (r *reader) where(p Place) string {
	where := "document " + strconv.Itoa(p.doc.number) + ", line " + strconv.Itoa(r.lines.Line(p, ""))
	if p.item != "" {
		where += " (" + p.item + ")"
	}
	return where
}

// refuse is about a document in which no object can be seen.
func (r *reader) refuse(doc *document, line int, message string) {
	r.Mistakes = append(r.Mistakes, Remark{Document: doc.number, Line: line, Message: message})
}

func (r *reader) fail(at Place, object, field, message string) {
	r.Mistakes = append(r.Mistakes, Remark{at.doc.number, r.lines.Line(at, field), object, field, message})
}

func (r *reader) failAll(at Place, object string, all []mistake) {
	for _, m := range all {
		r.fail(at, object, m.field, m.message+r.surprise(at, m))
	}
}

// surprise explains a boolean where the writer of the YAML saw a word: in the
// YAML that Kubernetes reads (1.1) y, n, on, off, yes and no are booleans.
func (r *reader) surprise(at Place, m mistake) string {
	if m.boolean == "" {
		return ""
	}
	if written := r.lines.spelling(at, m.field); written != "" && written != m.boolean {
		return " (YAML reads " + written + " as " + m.boolean + ")"
	}
	return ""
}

func (r *reader) warn(at Place, object, field, message string) {
	r.warnAt(r.lines.Line(at, field), at, object, field, message)
}

func (r *reader) warnAt(line int, at Place, object, field, message string) {
	r.Warnings = append(r.Warnings, Remark{at.doc.number, line, object, field, message})
}

// warnRepeated reports the repeated YAML keys inside the place.
func (r *reader) warnRepeated(at Place, object string) {
	var elsewhere []repetition
	for _, key := range r.repeated {
		field, inside := key.path, at.item == ""
		if !inside {
			field, inside = strings.CutPrefix(key.path, at.item+".")
		}
		if !inside {
			elsewhere = append(elsewhere, key)
			continue
		}
		r.warnAt(key.line, at, object, field, "repeats the key of line "+strconv.Itoa(key.first)+", which is dropped")
	}
	r.repeated = elsewhere
}

// warnStrict reports what strict decoding found: fields that the type does not
// have, and JSON members that repeat.
func (r *reader) warnStrict(at Place, object string, t reflect.Type, strict []error) {
	for _, err := range strict {
		field := err.Error()
		if at, ok := err.(kjson.FieldError); ok {
			field = at.FieldPath()
		}
		message := "repeated key; the last value of each field counts"
		if strings.HasPrefix(err.Error(), "unknown field") {
			message = "unknown field, ignored" + suggestField(t, field)
		}
		r.warn(at, object, field, message)
	}
}
