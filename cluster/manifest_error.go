package cluster

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/decode"
	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// ManifestError is one mistake in a manifest.
type ManifestError struct {
	File     string // "" for a stream that has no name
	Document int    // counted from 1; 0 if the object did not come from a stream
	Line     int    // of the stream, counted from 1; 0 if not known
	Object   string // "DaemonSet kube-system/agent"; "" if the document has no readable object
	Field    string // "spec.template.spec.containers[0].image"; "" if it is about the whole object
	Message  string
	Err      error // what was found underneath, a *field.Error from validation; may be nil
}

// Error returns one line: "document 3, line 41: DaemonSet kube-system/agent:
// spec.template.spec.containers[0].ports: must be a list, not an object".
func (e *ManifestError) Error() string {
	return e.remark().String()
}

func (e *ManifestError) remark() decode.Remark {
	return decode.Remark{File: e.File, Document: e.Document, Line: e.Line, Object: e.Object, Field: e.Field, Message: e.Message}
}

// Unwrap returns what was found underneath.
func (e *ManifestError) Unwrap() error { return e.Err }

// ManifestErrors are all mistakes of a manifest, in the order of the stream.
// It is never empty where it is an error.
type ManifestErrors []*ManifestError

// sorted puts the mistakes in the order of the stream.
func (all ManifestErrors) sorted() ManifestErrors {
	slices.SortStableFunc(all, func(a, b *ManifestError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
	})
	return all
}

// Error returns a line for each mistake. Of more than three that say the same of
// different objects it has three, and how many more there are.
func (all ManifestErrors) Error() string {
	remarks := make([]decode.Remark, len(all))
	for i, e := range all {
		remarks[i] = e.remark()
	}
	return decode.Summary(remarks)
}

// Unwrap lets errors.As and errors.Is look at each mistake.
func (all ManifestErrors) Unwrap() []error {
	errs := make([]error, len(all))
	for i, e := range all {
		errs[i] = e
	}
	return errs
}

// newManifestErrors returns what was wrong with a stream.
func newManifestErrors(mistakes []decode.Remark) ManifestErrors {
	all := make(ManifestErrors, len(mistakes))
	for i, m := range mistakes {
		all[i] = &ManifestError{File: m.File, Document: m.Document, Line: m.Line, Object: m.Object, Field: m.Field, Message: m.Message}
	}
	return all
}

// refused returns what validation found wrong with an object, with its place in the stream.
func refused(object runtime.Object, err *field.Error, at decode.Place, lines decode.LineFinder) *ManifestError {
	name := kinds.Of(object).Name
	if meta, ok := object.(metav1.Object); ok {
		name = kinds.ObjectName(name, meta.GetNamespace(), meta.GetName())
	}
	return &ManifestError{
		File: at.File(), Document: at.Document(), Line: lines.Line(at, err.Field),
		Object: name, Field: err.Field, Message: err.ErrorBody(), Err: err,
	}
}

// skippedObject returns the entry of an object that validation refused.
func skippedObject(object runtime.Object, at decode.Place) Skipped {
	kind := kinds.Of(object)
	s := Skipped{Kind: kind.Name, APIVersion: kind.APIVersion, File: at.File(), Document: at.Document(), Line: at.Line(), Reason: "is invalid"}
	if meta, ok := object.(metav1.Object); ok {
		s.Namespace, s.Name = meta.GetNamespace(), meta.GetName()
	}
	return s
}

// Summary returns the warnings as text, a line each. Of more than three that say
// the same of different objects it has three, and how many more there are.
func (m *Manifest) Summary() string {
	if m == nil {
		return ""
	}
	remarks := make([]decode.Remark, len(m.Warnings))
	for i, w := range m.Warnings {
		remarks[i] = decode.Remark(w)
	}
	return decode.Summary(remarks)
}
