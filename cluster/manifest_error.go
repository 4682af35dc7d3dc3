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

// ManifestError is a mistake in a manifest, a warning about it, or an object of it
// that was skipped.
type ManifestError struct {
	File     string `json:"file,omitempty"`     // "" for a stream without a name
	Document int    `json:"document,omitempty"` // counted from 1; 0 for a whole file, or if the object did not come from a stream
	Line     int    `json:"line,omitempty"`     // in the stream, counted from 1; 0 if not known
	Object   string `json:"object,omitempty"`   // "DaemonSet kube-system/agent"; "" if the document has no readable object
	Field    string `json:"field,omitempty"`    // "spec.template.spec.containers[0].image"; "" if it is about the whole object
	Message  string `json:"message"`

	err error // a *field.Error from validation; may be nil
}

// Error returns one line: "document 3, line 41: DaemonSet kube-system/agent:
// spec.template.spec.containers[0].ports: must be a list, not an object".
func (e ManifestError) Error() string {
	return e.remark().String()
}

func (e ManifestError) remark() decode.Remark {
	return decode.Remark{File: e.File, Document: e.Document, Line: e.Line, Object: e.Object, Field: e.Field, Message: e.Message}
}

func newManifestError(r decode.Remark) ManifestError {
	return ManifestError{File: r.File, Document: r.Document, Line: r.Line, Object: r.Object, Field: r.Field, Message: r.Message}
}

// Unwrap returns the cause, or nil.
func (e ManifestError) Unwrap() error { return e.err }

// manifestErrors joins the mistakes of a manifest, in the order of the stream. As an
// error it is never empty.
type manifestErrors []*ManifestError

// sorted sorts the mistakes in the order of the stream.
func (all manifestErrors) sorted() manifestErrors {
	slices.SortStableFunc(all, func(a, b *ManifestError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
	})
	return all
}

// Error returns a line for each mistake. If more than three objects have the same
// mistake, it shows three and counts the others.
func (all manifestErrors) Error() string {
	remarks := make([]decode.Remark, len(all))
	for i, e := range all {
		remarks[i] = e.remark()
	}
	return decode.Summary(remarks)
}

// Unwrap lets errors.As and errors.Is look at each mistake.
func (all manifestErrors) Unwrap() []error {
	errs := make([]error, len(all))
	for i, e := range all {
		errs[i] = e
	}
	return errs
}

// newManifestErrors returns the mistakes in a stream.
func newManifestErrors(mistakes []decode.Remark) manifestErrors {
	all := make(manifestErrors, len(mistakes))
	for i, m := range mistakes {
		e := newManifestError(m)
		all[i] = &e
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
		Object: name, Field: err.Field, Message: err.ErrorBody(), err: err,
	}
}

// skipped returns the entry of an object in Manifest.Skipped.
func skipped(s decode.Skipped) ManifestError {
	object := s.APIVersion + " " + kinds.ObjectName(s.Kind, s.Namespace, s.Name)
	return ManifestError{File: s.File, Document: s.Document, Line: s.Line, Object: object, Message: s.Reason}
}

// skippedObject returns the entry of an object that validation refused.
func skippedObject(object runtime.Object, at decode.Place) ManifestError {
	kind := kinds.Of(object)
	s := decode.Skipped{Kind: kind.Name, APIVersion: kind.APIVersion, File: at.File(), Document: at.Document(), Line: at.Line(), Reason: isInvalid}
	if meta, ok := object.(metav1.Object); ok {
		s.Namespace, s.Name = meta.GetNamespace(), meta.GetName()
	}
	return skipped(s)
}

// isInvalid is the reason why SkipInvalid skips an object.
const isInvalid = "is invalid"

// Summary returns the warnings as text, one per line. If more than three objects
// have the same warning, it shows three and counts the others.
func (m *Manifest) Summary() string {
	if m == nil {
		return ""
	}
	remarks := make([]decode.Remark, len(m.Warnings))
	for i, w := range m.Warnings {
		remarks[i] = w.remark()
	}
	return decode.Summary(remarks)
}
