package cluster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ManifestError is one mistake in a manifest.
type ManifestError struct {
	Document int    // counted from 1; 0 if the object did not come from a stream
	Line     int    // of the stream, counted from 1; 0 if not known
	Object   string // "DaemonSet kube-system/agent"; "" if the document has no readable object
	Field    string // "spec.template.spec.containers[0].image"; "" if it is about the whole object
	Message  string
	Err      error // what was found underneath, a *field.Error from validation; may be nil
}

// Error is one line: "document 3, line 41: DaemonSet kube-system/agent:
// spec.template.spec.containers[0].ports: must be a list, not an object".
func (e *ManifestError) Error() string {
	return sentence(e.Document, e.Line, e.Object, e.Field, e.Message)
}

// Unwrap gives what was found underneath.
func (e *ManifestError) Unwrap() error { return e.Err }

// ManifestErrors are all mistakes of a manifest, in the order of the stream.
// It is never empty where it is an error.
type ManifestErrors []*ManifestError

// sorted puts the mistakes in the order of the stream.
func (all ManifestErrors) sorted() ManifestErrors {
	slices.SortStableFunc(all, func(a, b *ManifestError) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
	})
	return all
}

// Error has one line for each mistake.
func (all ManifestErrors) Error() string {
	lines := make([]string, len(all))
	for i, e := range all {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As and errors.Is look at each mistake.
func (all ManifestErrors) Unwrap() []error {
	errs := make([]error, len(all))
	for i, e := range all {
		errs[i] = e
	}
	return errs
}

// sentence joins what is known of a place and what is said about it.
func sentence(document, line int, object, field, message string) string {
	var where string
	switch {
	case document > 0 && line > 0:
		where = "document " + strconv.Itoa(document) + ", line " + strconv.Itoa(line)
	case document > 0:
		where = "document " + strconv.Itoa(document)
	}
	var parts []string
	for _, part := range []string{where, object, field, message} {
		if part != "" {
			parts = append(parts, oneLine(part))
		}
	}
	return strings.Join(parts, ": ")
}

// oneLine escapes what would break a line: names and keys are whatever a stream
// calls them.
func oneLine(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		text = strconv.Quote(text)
		return text[1 : len(text)-1]
	}
	return text
}

// objectName is how messages name an object: "Node a", "Pod kube-system/b".
func objectName(kind, namespace, name string) string {
	if namespace != "" {
		name = namespace + "/" + name
	}
	return strings.TrimSpace(kind + " " + name)
}

// refused is what validation says of an object, at the place it stands.
func (p place) refused(lines lineFinder, object runtime.Object, err *field.Error) *ManifestError {
	name := kindOfObject(object).kind
	if meta, ok := object.(metav1.Object); ok {
		name = objectName(name, meta.GetNamespace(), meta.GetName())
	}
	return &ManifestError{
		Document: p.number(), Line: lines.line(p, err.Field),
		Object: name, Field: err.Field, Message: err.ErrorBody(), Err: err,
	}
}
