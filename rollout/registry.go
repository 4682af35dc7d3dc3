package rollout

import (
	"slices"
	"strings"
)

// keyed is what a registry holds: known by its key, namespace/name.
type keyed interface {
	comparable
	name() string
}

// registry is objects by slot, which is a number that stays, and by key.
type registry[T keyed] struct {
	at    []T     // by slot; the zero T where it is free
	order []int32 // slots ascending by key
}

func (r *registry[T]) search(key string) (int, bool) {
	return slices.BinarySearchFunc(r.order, key, func(slot int32, key string) int {
		return strings.Compare(r.at[slot].name(), key)
	})
}

// find gives the object of a key; the zero T if there is none.
func (r *registry[T]) find(key string) (found T) {
	if i, ok := r.search(key); ok {
		found = r.at[r.order[i]]
	}
	return found
}

// add gives the object a slot.
func (r *registry[T]) add(x T) int32 {
	var free T
	slot := int32(slices.Index(r.at, free))
	if slot == none {
		slot = int32(len(r.at))
		r.at = append(r.at, x)
	}
	r.at[slot] = x
	i, _ := r.search(x.name())
	r.order = slices.Insert(r.order, i, slot)
	return slot
}

func (r *registry[T]) drop(slot int32) {
	var free T
	r.order = slices.DeleteFunc(r.order, func(other int32) bool { return other == slot })
	r.at[slot] = free
}

func (r *registry[T]) clone(copy func(T) T) registry[T] {
	c := registry[T]{slices.Clone(r.at), slices.Clone(r.order)}
	for _, slot := range c.order {
		c.at[slot] = copy(c.at[slot])
	}
	return c
}
