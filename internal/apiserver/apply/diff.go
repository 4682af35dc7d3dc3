package apply

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
)

// The directives of a strategic merge patch that a three-way merge needs.
const (
	patchDirective  = "$patch"
	retainDirective = "$retainKeys"
	orderPrefix     = "$setElementOrder/"
	deletePrefix    = "$deleteFromPrimitiveList/"
)

// threeWay follows CreateThreeWayMergePatch and StrategicMergePatch: the patch has
// the changes from live to manifest and the deletions from last to manifest. It
// modifies its arguments.
func threeWay(last, manifest, live map[string]any, t reflect.Type) (map[string]any, error) {
	changes, err := diffMaps(live, manifest, t, changed, false)
	if err != nil {
		return nil, err
	}
	patch, err := diffMaps(last, manifest, t, deleted, false)
	if err != nil {
		return nil, err
	}
	if patch, err = combining.maps(patch, changes, t); err != nil {
		return nil, err
	}
	return applying.maps(live, patch, t)
}

// want selects one half of a difference.
type want bool

const (
	changed want = false // values that were added or differ
	deleted want = true  // values that are missing
)

// diffMaps follows diffMaps of strategicpatch. The rules are those of t; with
// retain, the patch lists the keys to keep.
func diffMaps(old, now map[string]any, t reflect.Type, w want, retain bool) (map[string]any, error) {
	patch := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		before, ok := old[name]
		if !ok || reflect.TypeOf(before) != reflect.TypeOf(now[name]) {
			if w == changed {
				patch[name] = now[name]
			}
			continue
		}
		if err := diffField(patch, name, before, now[name], t, w); err != nil {
			return nil, err
		}
	}
	for name := range old {
		if _, ok := now[name]; !ok && w == deleted {
			patch[name] = nil
		}
	}
	if retain && len(now) > 0 && (len(patch) > 0 || hasMore(old, now)) {
		patch[retainDirective] = list(slices.Sorted(maps.Keys(now)))
	}
	return patch, nil
}

func list(names []string) []any {
	all := make([]any, len(names))
	for i, name := range names {
		all[i] = name
	}
	return all
}

// hasMore follows hasAdditionalNewField.
func hasMore(old, now map[string]any) bool {
	for name, value := range old { // any order: the result is a bool
		if _, ok := now[name]; !ok && value != nil {
			return true
		}
	}
	return false
}

// diffField follows handleMapDiff, handleSliceDiff and replacePatchFieldIfNotEqual.
func diffField(patch map[string]any, name string, before, value any, t reflect.Type, w want) error {
	if reflect.DeepEqual(before, value) && !isComposite(value) {
		return nil
	}
	if !isComposite(value) {
		if w == changed {
			patch[name] = value
		}
		return nil
	}
	r, err := ruleOf(t, name)
	if err != nil {
		if reflect.DeepEqual(before, value) {
			return nil
		}
		return err
	}
	if items, ok := value.([]any); ok {
		return diffList(patch, name, before.([]any), items, r, w)
	}
	if r.replace {
		if w == changed && !reflect.DeepEqual(before, value) { // upstream repeats an equal value, with the same result
			patch[name] = value
		}
		return nil
	}
	inner, err := diffMaps(before.(map[string]any), value.(map[string]any), r.t, w, r.retain)
	if len(inner) > 0 {
		patch[name] = inner
	}
	return err
}

func isComposite(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// diffList follows diffLists.
func diffList(patch map[string]any, name string, old, now []any, r rule, w want) error {
	switch {
	case !r.merge:
		if w == changed && !reflect.DeepEqual(old, now) {
			patch[name] = now
		}
	case len(old) == 0:
		if w == changed && len(now) > 0 {
			patch[name] = now
		}
	case r.key == "":
		diffScalars(patch, name, old, now, w)
	default:
		return diffItems(patch, name, old, now, r, w)
	}
	return nil
}

// diffScalars follows diffListsOfScalars.
func diffScalars(patch map[string]any, name string, old, now []any, w want) {
	before, after := sorted(old), sorted(now)
	switch missing := without(before, after); {
	case w == deleted && len(missing) > 0:
		patch[deletePrefix+name] = deduplicate(missing)
		patch[orderPrefix+name] = now
	case w == changed && !reflect.DeepEqual(before, now):
		if added := without(after, before); len(added) > 0 {
			patch[name] = inOrder(added, now, "")
		}
		if len(now) > 0 {
			patch[orderPrefix+name] = now
		}
	}
}

func sorted(scalars []any) []any {
	return slices.SortedStableFunc(slices.Values(scalars), func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// without returns the elements of a that b lacks, counting repetitions. Both are
// sorted.
func without(a, b []any) []any {
	var missing []any
	rest := slices.Clone(b)
	for _, value := range a {
		if i := slices.Index(rest, value); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			missing = append(missing, value)
		}
	}
	return missing
}

// diffItems follows diffListsOfMaps. Elements are paired in the order of their keys.
// If two elements of a list have one key (two ports of one number), that order
// matters, and upstream's comparison is true for equal keys.
func diffItems(patch map[string]any, name string, old, now []any, r rule, w want) error {
	if err := haveKey(r.key, old, now); err != nil {
		return err
	}
	before, after := byKey(old, r.key), byKey(now, r.key)
	var items, removed []any
	for i, j := 0, 0; i < len(before) || j < len(after); {
		switch order := compareItems(before[i:], after[j:], r.key); {
		case order == 0:
			inner, err := diffMaps(before[i].(map[string]any), after[j].(map[string]any), r.t, w, r.retain)
			if err != nil {
				return err
			}
			if len(inner) > 0 {
				inner[r.key] = keyOf(after[j], r.key)
				items = append(items, inner)
			}
			i, j = i+1, j+1
		case order > 0:
			if w == changed {
				items = append(items, after[j])
			}
			j++
		default:
			if w == deleted {
				removed = append(removed, map[string]any{r.key: keyOf(before[i], r.key), patchDirective: "delete"})
			}
			i++
		}
	}
	items = append(inOrder(items, now, r.key), removed...)
	if len(items) > 0 {
		patch[name] = items
	}
	if (len(items) > 0 || w == changed && !sameOrder(old, now, r.key)) && len(now) > 0 {
		patch[orderPrefix+name] = keysOf(now, r.key)
	}
	return nil
}

// byKey follows sortMapsBasedOnField, whose Less is true for equal keys.
func byKey(items []any, key string) []any {
	items = slices.Clone(items)
	sort.Slice(items, func(i, j int) bool { return keyText(items[i], key) <= keyText(items[j], key) })
	return items
}

// compareItems compares the first elements of two lists; the end comes last.
func compareItems(a, b []any, key string) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return cmp.Compare(keyText(a[0], key), keyText(b[0], key))
}

// keyOf returns the identity of an element: the value of its key, or the element
// itself in a list of scalars.
func keyOf(item any, key string) any {
	if m, ok := item.(map[string]any); ok {
		return m[key]
	}
	return item
}

func keyText(item any, key string) string { return fmt.Sprint(keyOf(item, key)) }

func keysOf(items []any, key string) []any {
	keys := make([]any, len(items))
	for i, item := range items {
		keys[i] = map[string]any{key: keyOf(item, key)}
	}
	return keys
}

func sameOrder(a, b []any, key string) bool {
	return slices.EqualFunc(a, b, func(x, y any) bool { return keyOf(x, key) == keyOf(y, key) })
}

func haveKey(key string, lists ...[]any) error {
	for _, items := range lists {
		for _, item := range items {
			if m, ok := item.(map[string]any); !ok || m[key] == nil {
				return fmt.Errorf("an element of a merged list has no %s: %v", key, item)
			}
		}
	}
	return nil
}
