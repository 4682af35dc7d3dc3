package validation

import (
	"cmp"
	"fmt"
	"slices"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// fieldErrors is one place in an object that is being checked: the path of a field,
// and the list that collects the object's mistakes.
type fieldErrors struct {
	path *field.Path
	list *field.ErrorList
}

func (at fieldErrors) child(name string, more ...string) fieldErrors {
	return fieldErrors{at.path.Child(name, more...), at.list}
}
func (at fieldErrors) item(i int) fieldErrors     { return fieldErrors{at.path.Index(i), at.list} }
func (at fieldErrors) key(key string) fieldErrors { return fieldErrors{at.path.Key(key), at.list} }

func (at fieldErrors) add(mistake *field.Error) { *at.list = append(*at.list, mistake) }
func (at fieldErrors) required(detail string)   { at.add(field.Required(at.path, detail)) }
func (at fieldErrors) forbidden(detail string)  { at.add(field.Forbidden(at.path, detail)) }
func (at fieldErrors) duplicate(value any)      { at.add(field.Duplicate(at.path, value)) }
func (at fieldErrors) duplicateFor(v any, detail string) {
	mistake := field.Duplicate(at.path, v)
	mistake.Detail = detail
	at.add(mistake)
}
func (at fieldErrors) invalid(v any, detail string) { at.add(field.Invalid(at.path, v, detail)) }

// invalidFor reports a value once for each reason.
func (at fieldErrors) invalidFor(value any, reasons []string) {
	for _, reason := range reasons {
		at.invalid(value, reason)
	}
}

// unsupported reports a value that is not among the supported ones.
func unsupported[T ~string](at fieldErrors, value any, supported ...T) {
	at.add(field.NotSupported(at.path, value, supported))
}

// include adds the mistakes that apimachinery found. Apimachinery ranges over maps,
// so include sorts the mistakes of each field.
func (at fieldErrors) include(mistakes field.ErrorList) {
	for rest := mistakes; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Field == rest[0].Field {
			n++
		}
		slices.SortStableFunc(rest[:n], compareMistakes)
		rest = rest[n:]
	}
	*at.list = append(*at.list, mistakes...)
}

func compareMistakes(a, b *field.Error) int {
	return cmp.Or(cmp.Compare(a.Detail, b.Detail), cmp.Compare(fmt.Sprint(a.BadValue), fmt.Sprint(b.BadValue)))
}

// Checks of single values that many fields share.

func checkNotNegative[T int32 | int64](at fieldErrors, value T) {
	if value < 0 {
		at.invalid(int64(value), apivalidation.IsNegativeErrorMsg)
	}
}

func checkPositive(at fieldErrors, value int32) {
	if value <= 0 {
		at.invalid(int64(value), "must be greater than zero")
	}
}

// checkOneOf checks a field that has a default and so must not be empty.
func checkOneOf[T ~string](at fieldErrors, value T, supported ...T) {
	if value == "" {
		at.required("")
		return
	}
	checkSupported(at, value, supported...)
}

// checkSupported checks a field that may be empty only if the empty value is
// supported.
func checkSupported[T ~string](at fieldErrors, value T, supported ...T) {
	if !slices.Contains(supported, value) {
		unsupported(at, value, supported...)
	}
}

func checkDNSLabel(at fieldErrors, value string) {
	at.invalidFor(value, validation.IsDNS1123Label(value))
}

// checkName checks an optional reference to an object by name.
func checkName(at fieldErrors, name string) {
	if name != "" {
		at.invalidFor(name, validation.IsDNS1123Subdomain(name))
	}
}

func checkQualifiedName(at fieldErrors, name string) {
	at.invalidFor(name, validation.IsQualifiedName(name))
}

func checkLabelKey(at fieldErrors, key string) {
	at.include(metavalidation.ValidateLabelName(key, at.path))
}

func checkLabels(at fieldErrors, labels map[string]string) {
	at.include(metavalidation.ValidateLabels(labels, at.path))
}

func checkAnnotations(at fieldErrors, annotations map[string]string) {
	at.include(apivalidation.ValidateAnnotations(annotations, at.path))
}

func checkSelector(at fieldErrors, selector *metav1.LabelSelector) {
	at.include(metavalidation.ValidateLabelSelector(selector, metavalidation.LabelSelectorValidationOptions{}, at.path))
}

// orZero returns the value of an optional field, or the zero value.
func orZero[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
