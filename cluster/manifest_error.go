package cluster

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/internal/apiserver/decode"
	"github.com/berthsim/berth/internal/apiserver/kinds"
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
	return decode.Remark{Document: e.Document, Line: e.Line, Object: e.Object, Field: e.Field, Message: e.Message}.String()
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

// newManifestErrors returns what was wrong with a stream.
func newManifestErrors(mistakes []decode.Remark) ManifestErrors {
	all := make(ManifestErrors, len(mistakes))
	for i, m := range mistakes {
		all[i] = &ManifestError{Document: m.Document, Line: m.Line, Object: m.Object, Field: m.Field, Message: m.Message}
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
		Document: at.Document(), Line: lines.Line(at, err.Field),
		Object: name, Field: err.Field, Message: err.ErrorBody(), Err: err,
	}
}
