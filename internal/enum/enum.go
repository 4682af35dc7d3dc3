// Package enum implements the names of enumerations as text and JSON. An enumeration
// is a type of small unsigned integers whose constants count up from 0 or 1:
//
//	var dispositions = enum.Of[Disposition]("Evicted", "Preempted", "Removed", "WithoutNode")
//
//	func (d Disposition) String() string                   { return dispositions.String(d) }
//	func (d Disposition) MarshalText() ([]byte, error)     { return dispositions.MarshalText(d) }
//	func (d *Disposition) UnmarshalText(text []byte) error { return dispositions.UnmarshalText(d, text) }
package enum

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Names holds the names of an enumeration's constants. If the constants start at 1,
// the first name is empty.
type Names[T ~uint8] struct{ names []string }

// Of returns Names with the given names, starting with that of T(0).
func Of[T ~uint8](names ...string) Names[T] { return Names[T]{names} }

// In returns Names with the names in a table that has a row for each constant.
func In[T ~uint8, Row any](rows []Row, name func(Row) string) Names[T] {
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = name(row)
	}
	return Names[T]{names}
}

// String returns the name of v, or "Type(7)" if it has none.
func (n Names[T]) String(v T) string {
	if int(v) < len(n.names) && n.names[v] != "" {
		return n.names[v]
	}
	return fmt.Sprintf("%s(%d)", reflect.TypeFor[T]().Name(), uint8(v))
}

// MarshalText returns the same text as String. The error is always nil.
func (n Names[T]) MarshalText(v T) ([]byte, error) { return []byte(n.String(v)), nil }

// UnmarshalText sets v to the constant of that name. The error lists the names.
func (n Names[T]) UnmarshalText(v *T, text []byte) error {
	i := slices.Index(n.names, string(text))
	if i < 0 || len(text) == 0 {
		return fmt.Errorf("%s %q: must be one of %s", strings.ToLower(reflect.TypeFor[T]().Name()), text, strings.Join(n.list(), ", "))
	}
	*v = T(i)
	return nil
}

// list returns the names without the empty one.
func (n Names[T]) list() []string {
	return slices.DeleteFunc(slices.Clone(n.names), func(name string) bool { return name == "" })
}
