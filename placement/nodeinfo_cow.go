package placement

import (
	"slices"
	"sync/atomic"
)

// cow is a value that several rooms share until one room changes it.
type cow[T any] struct {
	owner *owner // who may change the value in place
	value T
}

// by returns c if me owns it, and a copy that me owns otherwise.
func (c *cow[T]) by(me *owner, clone func(from, to *T)) *cow[T] {
	if c.owner == me {
		return c
	}
	return c.copy(me, clone)
}

func (c *cow[T]) copy(me *owner, clone func(from, to *T)) *cow[T] {
	copied := &cow[T]{owner: me}
	clone(&c.value, &copied.value)
	return copied
}

func cloneSlice[E any](from, to *[]E) { *to = slices.Clone(*from) }

// owner is the identity of a room until it is cloned. After that both rooms
// have what it owned, and neither may change it in place. Cloning marks the
// owner and leaves the room alone, so rooms can be cloned concurrently.
type owner struct{ cloned atomic.Bool }

func (o *owner) share() {
	if !o.cloned.Load() {
		o.cloned.Store(true)
	}
}
