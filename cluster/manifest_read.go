package cluster

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
)

// manifestReader turns documents into objects and remarks.
type manifestReader struct {
	manifest *Manifest
	mistakes ManifestErrors
	lines    lineFinder
	seen     map[string]place // every object so far, by kind, namespace and name
	repeated []repetition     // of the current document, not yet reported
}

func newManifestReader() *manifestReader {
	return &manifestReader{
		manifest: &Manifest{places: map[runtime.Object]place{}},
		seen:     map[string]place{},
	}
}

// result has remarks and mistakes in the order of the stream: the decoder meets
// the fields of YAML in the order of their names.
func (r *manifestReader) result() (*Manifest, error) {
	slices.SortStableFunc(r.manifest.Warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
	})
	if len(r.mistakes) > 0 {
		return r.manifest, r.mistakes.sorted()
	}
	return r.manifest, nil
}

// document reads one document.
func (r *manifestReader) document(doc *document) {
	r.lines = newLineFinder() // what the last one took is free
	if doc.broken != nil {
		r.refuse(doc, doc.line, doc.broken.Error())
		return
	}
	if end := doc.endMarker(); end > 0 {
		r.warnAt(end, place{doc: doc}, "", "", "what follows ... is ignored, as by kubectl: separate documents with ---")
	}
	if value := r.value(doc); value != nil && string(value) != "null" {
		r.object(place{doc: doc}, value, header{})
	}
	r.repeated = nil
}

// value is the content of the document as JSON, nil if it has none. Keys that
// repeat are remembered until it is known whose they are.
func (r *manifestReader) value(doc *document) json.RawMessage {
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
		r.failAll(place{doc: doc}, "", mistakes)
		return nil
	case repeated == nil:
		return value
	}
	if r.repeated = r.lines.repetitions(doc); r.repeated == nil {
		r.warn(place{doc: doc}, "", "", "repeated keys, the last one counts: "+firstRepeated(repeated))
	}
	return value
}

// object reads what stands at a place: a list or an object. A list gives its
// items what they do not say of themselves.
func (r *manifestReader) object(at place, raw json.RawMessage, inherited header) {
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
func (r *manifestReader) nameKind(at place, h *header, fields map[string]json.RawMessage, inherited header) {
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
	h.kind, h.apiVersion = k.kind+list, k.apiVersion
	r.warn(at, h.describe(at.item), "kind", "missing, as is apiVersion: read as "+k.apiVersion+" "+h.kind+", as only a stored "+k.kind+" has "+k.live)
}

// maxNestedLists bounds the work on lists in lists, each of which is scanned again.
const maxNestedLists = 8

// list reads the items of a list as unstructuredJSONScheme.decodeToList of
// apimachinery does: an item with neither kind nor apiVersion has those of a
// typed list.
func (r *manifestReader) list(at place, h header, fields map[string]json.RawMessage) {
	mistakes := misfits(fields["items"], reflect.TypeFor[[]json.RawMessage](), "items")
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
		r.object(place{doc: at.doc, item: at.path("items[" + strconv.Itoa(i) + "]")}, raw, of)
	}
	r.warnRepeated(at, h.describe(at.item))
	if more := stringOf(objectOf(fields["metadata"])["continue"]); more != "" {
		r.warn(at, h.describe(at.item), "metadata.continue", "the list is incomplete: it is one page of a longer one")
	}
}

// skip lists an object that is not modelled.
func (r *manifestReader) skip(at place, h header, reason string) {
	if earlier, again := r.meet(at, h); again {
		r.warn(at, h.describe(at.item), "", "is also in "+r.where(earlier))
	}
	r.manifest.Skipped = append(r.manifest.Skipped, Skipped{
		Kind: h.kind, APIVersion: h.apiVersion, Namespace: h.namespace, Name: h.nameOrPattern(),
		Document: at.doc.number, Line: r.lines.line(at, ""), Reason: reason,
	})
}

// keep decodes an object of the model and puts it into the manifest.
func (r *manifestReader) keep(at place, kind modelledKind, h header, raw json.RawMessage) {
	object := kind.zero.DeepCopyObject()
	meta := object.(metav1.Object)
	strict, err := kjson.UnmarshalStrict(raw, object)
	absent := kind.namespaced && meta.GetNamespace() == ""
	if absent {
		h.namespace = metav1.NamespaceDefault
	}
	name := h.describe(at.item)
	r.warnRepeated(at, name)
	if err != nil {
		r.failAll(at, name, orWhole(misfits(raw, reflect.TypeOf(kind.zero).Elem(), ""), err))
		return
	}
	r.warnStrict(at, name, reflect.TypeOf(kind.zero).Elem(), strict)
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
	object.GetObjectKind().SetGroupVersionKind(kind.gvk())
	if kind.isFragment(raw) {
		r.warn(at, name, "", "has no selector and no containers: is this a patch? build it with its base first (kubectl kustomize)")
	}
	r.manifest.add(object)
	r.manifest.places[object] = at
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
func (r *manifestReader) meet(at place, h header) (earlier place, again bool) {
	if h.name == "" {
		return place{}, false
	}
	group, _, _ := strings.Cut(h.apiVersion, "/")
	if !strings.Contains(h.apiVersion, "/") {
		group = ""
	}
	namespace := h.namespace
	if k, ok := modelledByName(h.kind); ok && !k.namespaced {
		namespace = "" // the API server knows no two nodes of one name
	}
	key := strings.Join([]string{group, h.kind, namespace, h.name}, "\x00")
	if earlier, again = r.seen[key]; !again {
		r.seen[key] = at
	}
	return earlier, again
}

func (r *manifestReader) where(p place) string {
	where := "document " + strconv.Itoa(p.doc.number) + ", line " + strconv.Itoa(r.lines.line(p, ""))
	if p.item != "" {
		where += " (" + p.item + ")"
	}
	return where
}

// refuse is about a document in which no object can be seen.
func (r *manifestReader) refuse(doc *document, line int, message string) {
	r.mistakes = append(r.mistakes, &ManifestError{Document: doc.number, Line: line, Message: message})
}

func (r *manifestReader) fail(at place, object, field, message string) {
	r.mistakes = append(r.mistakes, &ManifestError{
		Document: at.doc.number, Line: r.lines.line(at, field), Object: object, Field: field, Message: message,
	})
}

func (r *manifestReader) failAll(at place, object string, all []mistake) {
	for _, m := range all {
		r.fail(at, object, m.field, m.message+r.surprise(at, m))
	}
}

// surprise explains a boolean where the writer of the YAML saw a word: in the
// YAML that Kubernetes reads (1.1) y, n, on, off, yes and no are booleans.
func (r *manifestReader) surprise(at place, m mistake) string {
	if m.boolean == "" {
		return ""
	}
	if written := r.lines.spelling(at, m.field); written != "" && written != m.boolean {
		return " (YAML reads " + written + " as " + m.boolean + ")"
	}
	return ""
}

func (r *manifestReader) warn(at place, object, field, message string) {
	r.warnAt(r.lines.line(at, field), at, object, field, message)
}

func (r *manifestReader) warnAt(line int, at place, object, field, message string) {
	r.manifest.Warnings = append(r.manifest.Warnings, Warning{
		Document: at.doc.number, Line: line, Object: object, Field: field, Message: message,
	})
}

// warnRepeated reports the repeated YAML keys inside the place.
func (r *manifestReader) warnRepeated(at place, object string) {
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
func (r *manifestReader) warnStrict(at place, object string, t reflect.Type, strict []error) {
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
