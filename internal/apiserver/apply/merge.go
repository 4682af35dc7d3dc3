package apply

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// mergeMode selects what a patch is merged into.
type mergeMode bool

const (
	combining mergeMode = false // another patch: directives and nulls stay
	applying  mergeMode = true  // an object: they are executed
)

// maps follows mergeMap of strategicpatch. It modifies both arguments.
func (m mergeMode) maps(original, patch map[string]any, t reflect.Type) (map[string]any, error) {
	if original == nil {
		original = map[string]any{}
	}
	if err := m.retain(original, patch); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		if field, ok := strings.CutPrefix(name, orderPrefix); ok {
			if err := m.ordered(original, patch, field, t); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		if err := m.field(original, name, patch[name], t); err != nil {
			return nil, err
		}
	}
	return original, nil
}

// retain follows applyRetainKeysDirective. It fails for some lists in which
// elements share a key, as upstream does.
func (m mergeMode) retain(original, patch map[string]any) error {
	keys, ok := patch[retainDirective].([]any)
	if !ok {
		return nil
	}
	delete(patch, retainDirective)
	if m == combining {
		if other, ok := original[retainDirective]; ok && !reflect.DeepEqual(other, keys) {
			return fmt.Errorf("%v and %v are not deep equal: this may happen when calculating the 3-way diff patch", other, keys)
		}
		original[retainDirective] = keys
		return nil
	}
	goes := func(name string, _ any) bool { return !slices.Contains(keys, any(name)) }
	for name, value := range patch { // any order: one error, whichever name
		if value != nil && !strings.HasPrefix(name, "$") && goes(name, value) {
			return errors.New("invalid patch format of retainKeys")
		}
	}
	maps.DeleteFunc(original, goes)
	return nil
}

// field merges one field of a patch that has no order.
func (m mergeMode) field(original map[string]any, name string, value any, t reflect.Type) error {
	list, removes := strings.CutPrefix(name, deletePrefix)
	if removes && m == combining {
		original[name] = value
		return nil
	}
	name = list
	if value == nil {
		delete(original, name)
		if m == applying {
			return nil
		}
	}
	before, ok := original[name]
	switch {
	case !ok || reflect.TypeOf(before) != reflect.TypeOf(value):
		if !removes {
			original[name] = m.added(value)
		}
		return nil
	case !isComposite(value):
		original[name] = value
		return nil
	}
	r, err := ruleOf(t, name)
	if err != nil {
		return err
	}
	switch value := value.(type) {
	case []any:
		original[name], err = m.list(before.([]any), value, r, removes)
	case map[string]any:
		if r.replace {
			original[name] = value
			return nil
		}
		original[name], err = m.maps(before.(map[string]any), value, r.t)
	}
	return err
}

// added follows discardNullValuesFromPatch and removeDirectives: a value that is not
// merged with another is added without its directives.
func (m mergeMode) added(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value { // any order: each by itself
			if inner == nil && m == applying {
				delete(value, name)
				continue
			}
			value[name] = m.added(inner)
		}
	case []any:
		kept := []any{}
		for _, item := range value {
			if !isRemoval(item) {
				kept = append(kept, m.added(item))
			}
		}
		return kept
	}
	return value
}

func isRemoval(item any) bool {
	inner, ok := item.(map[string]any)
	return ok && inner[patchDirective] != nil
}

// list follows mergeSliceHandler and mergeSlice.
func (m mergeMode) list(original, patch []any, r rule, removes bool) ([]any, error) {
	switch {
	case !r.merge && !removes:
		return patch, nil
	case len(original)+len(patch) == 0:
		return original, nil
	}
	merged := original
	switch {
	case removes:
		return slices.DeleteFunc(slices.Clone(original), func(item any) bool { return slices.Contains(patch, item) }), nil
	case r.key == "":
		merged = deduplicate(append(slices.Clone(original), patch...))
	default:
		if err := haveKey(r.key, original, patch); err != nil {
			return nil, err
		}
		original, patch = removeItems(original, patch, r.key)
		var err error
		if merged, err = m.items(original, patch, r); err != nil {
			return nil, err
		}
	}
	return arrange(merged, patch, original, r.key), nil
}

// removeItems follows mergeSliceWithSpecialElements. Like upstream it moves the rest
// of the list down in place, and items below appends in place: the caller, which
// uses the list's order, then finds new elements where old ones were. That decides
// where the elements of others are placed (see arrange).
func removeItems(original, patch []any, key string) (rest, others []any) {
	rest = original
	for _, item := range patch {
		if !isRemoval(item) {
			others = append(others, item)
			continue
		}
		for i := indexOf(rest, item, key); i >= 0; i = indexOf(rest, item, key) {
			rest = append(rest[:i], rest[i+1:]...)
		}
	}
	return rest, others
}

// items follows mergeSliceWithoutSpecialElements.
func (m mergeMode) items(original, patch []any, r rule) ([]any, error) {
	merged := original
	for _, item := range patch {
		i := indexOf(merged, item, r.key)
		if i < 0 {
			merged = append(merged, item)
			continue
		}
		inner, err := m.maps(merged[i].(map[string]any), item.(map[string]any), r.t)
		if err != nil {
			return nil, err
		}
		merged[i] = inner
	}
	return merged, nil
}

func indexOf(items []any, item any, key string) int {
	return slices.IndexFunc(items, func(other any) bool { return keyOf(other, key) == keyOf(item, key) })
}

// ordered follows mergePatchIntoOriginal: it merges a list whose order the patch
// sets, and removes both from the patch.
func (m mergeMode) ordered(original, patch map[string]any, name string, t reflect.Type) error {
	order := patch[orderPrefix+name].([]any)
	delete(patch, orderPrefix+name)
	if m == combining {
		original[orderPrefix+name] = order
	}
	r, err := ruleOf(t, name)
	if err != nil {
		return err
	}
	before, _ := original[name].([]any)
	items, hasItems := patch[name].([]any)
	if err := followsOrder(items, order, r.key); err != nil {
		return err
	}
	merged := before
	switch _, had := original[name]; {
	case !had && !hasItems:
		return nil
	case !had:
		merged = m.withoutRemovals(items)
	case hasItems:
		if merged, err = m.list(before, items, r, false); err != nil {
			return err
		}
	}
	original[name] = arrange(merged, order, before, r.key)
	delete(patch, name)
	return nil
}

// withoutRemovals follows removeDirectives, which keeps nulls.
func (m mergeMode) withoutRemovals(items []any) []any { return combining.added(items).([]any) }

// followsOrder follows validatePatchWithSetOrderList, which fails for some lists
// in which elements share a key.
func followsOrder(items, order []any, key string) error {
	next := 0
	for _, item := range items {
		if isRemoval(item) {
			continue
		}
		i := indexOf(order[next:], item, key)
		if i < 0 {
			return fmt.Errorf("the order in patch list %v doesn't match %s list %v", items, orderPrefix, order)
		}
		next += i + 1
	}
	return nil
}

// arrange follows normalizeElementOrder: the elements in order are sorted by it, the
// others by live, and the two are interleaved as in live.
func arrange(merged, order, live []any, key string) []any {
	var stated, others []any
	for _, item := range merged {
		if indexOf(order, item, key) >= 0 {
			stated = append(stated, item)
		} else {
			others = append(others, item)
		}
	}
	stated, others = inOrder(stated, order, key), inOrder(others, live, key)
	all := make([]any, 0, len(merged))
	for len(stated) > 0 && len(others) > 0 {
		theirs, ours := indexOf(live, others[0], key), indexOf(live, stated[0], key)
		if theirs >= 0 && ours >= 0 && theirs < ours {
			all, others = append(all, others[0]), others[1:]
		} else {
			all, stated = append(all, stated[0]), stated[1:]
		}
	}
	return append(append(all, stated...), others...)
}

// inOrder follows normalizeSliceOrder, which puts removals last.
func inOrder(items, order []any, key string) []any {
	var removals, rest []any
	for _, item := range items {
		if isRemoval(item) {
			removals = append(removals, item)
		} else {
			rest = append(rest, item)
		}
	}
	sort.SliceStable(rest, func(i, j int) bool {
		before, after := indexOf(order, rest[i], key), indexOf(order, rest[j], key)
		return before < 0 || after < 0 || before < after
	})
	return append(rest, removals...)
}

// deduplicate follows deduplicateScalars: the last element of the list moves to the
// place of a repeated one.
func deduplicate(scalars []any) []any {
	for i := 0; i < len(scalars); i++ {
		for j := i + 1; j < len(scalars); {
			if scalars[i] != scalars[j] {
				j++
				continue
			}
			scalars[j] = scalars[len(scalars)-1]
			scalars = scalars[:len(scalars)-1]
		}
	}
	return scalars
}
