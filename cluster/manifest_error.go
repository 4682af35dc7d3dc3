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
	File     string // "" for a stream without a name
	Document int    // counted from 1; 0 if the object did not come from a stream
	Line     int    // in the stream, counted from 1; 0 if not known
	Object   string // "DaemonSet kube-system/agent"; "" if the document has no readable object
	Field    string // "spec.template.spec.containers[0].image"; "" if it is about the whole object
	Message  string
	Err      error // the cause, a *field.Error from validation; may be nil
}

// Error returns one line: "document 3, line 41: DaemonSet kube-system/agent:
// spec.template.spec.containers[0].ports: must be a list, not an object".
func (e *ManifestError) Error() string {
	return e.remark().String()
}

func (e *ManifestError) remark() decode.Remark {
	return decode.Remark{File: e.File, Document: e.Document, Line: e.Line, Object: e.Object, Field: e.Field, Message: e.Message}
}

// Unwrap returns the cause, or nil.
func (e *ManifestError) Unwrap() error { return e.Err }

// ManifestErrors lists all mistakes of a manifest, in the order of the stream. As an
// error it is never empty.
type ManifestErrors []*ManifestError

// sorted sorts the mistakes in the order of the stream.
func (all ManifestErrors) sorted() ManifestErrors {
	slices.SortStableFunc(all, func(a, b *ManifestError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
	})
	return all
}

// Error returns a line for each mistake. If more than three objects have the same
// mistake, it shows three and counts the others.
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

// newManifestErrors returns the mistakes in a stream.
func newManifestErrors(mistakes []decode.Remark) ManifestErrors {
	all := make(ManifestErrors, len(mistakes))
	for i, m := range mistakes {
		all[i] = &ManifestError{File: m.File, Document: m.Document, Line: m.Line, Object: m.Object, Field: m.Field, Message: m.Message}
	}
	return all
}

// refused returns the mistake that validation found in an object, with its place in
// the stream.
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

// Summary returns the warnings as text, one per line. If more than three objects
// have the same warning, it shows three and counts the others.
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
