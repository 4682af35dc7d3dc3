package snapshot

import (
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// index answers which of the base nodes have a label or a taint. A column is built
// on first use; a label's costs one map lookup per node.
type index struct {
	nodes []*corev1.Node

	mu     sync.RWMutex
	made   columns
	old    columns   // of the index that this one derives from, brought up to date on first use
	edited []patched // nodes that changed since
}

// columns are the columns built so far.
type columns struct {
	labels   map[string]*column
	taints   *taintColumn
	cordoned words
	images   map[string]*imageColumn
}

func newIndex(nodes []*corev1.Node) *index {
	return &index{nodes: nodes, made: columns{labels: map[string]*column{}, images: map[string]*imageColumn{}}}
}

// inherit lets the index reuse the columns that were built before some nodes
// changed.
func (ix *index) inherit(from *index, edited []patched) {
	from.mu.RLock()
	defer from.mu.RUnlock()
	ix.old, ix.edited = from.made, edited
	ix.old.labels = maps.Clone(from.made.labels)
	ix.made.images = maps.Clone(from.made.images) // no edit changes an image: view.replace
}

// prepare builds the columns of label keys and of taints that do not exist and
// cannot be derived. It does so in one walk, because reading the nodes dominates the
// cost.
func (ix *index) prepare(keys []string) {
	ix.mu.RLock()
	missing := ix.missing(keys)
	ix.mu.RUnlock()
	if !missing {
		return
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	var labels []*labelReader
	for _, key := range keys {
		if ix.made.labels[key] == nil && ix.old.labels[key] == nil {
			labels = append(labels, newLabelReader(key, len(ix.nodes)))
		}
	}
	var taints *taintReader
	if ix.made.taints == nil && ix.old.taints == nil {
		taints = newTaintReader()
	}
	for i, n := range ix.nodes {
		for _, r := range labels {
			r.read(i, n)
		}
		if taints != nil {
			taints.read(i, n)
		}
	}
	for _, r := range labels {
		ix.made.labels[r.key] = r.column()
	}
	if taints != nil {
		ix.made.taints = taints.column(len(ix.nodes))
	}
}

func (ix *index) missing(keys []string) bool {
	if ix.made.taints == nil && ix.old.taints == nil {
		return true
	}
	return slices.ContainsFunc(keys, func(key string) bool { return ix.made.labels[key] == nil && ix.old.labels[key] == nil })
}

// label returns the column of a label key.
func (ix *index) label(key string) *column {
	return ask(ix, func() (*column, bool) {
		c := ix.made.labels[key]
		return c, c != nil
	}, func() *column {
		c := ix.old.labels[key]
		if c != nil {
			c = c.derive(key, ix.edited)
			delete(ix.old.labels, key)
		} else {
			c = newColumn(key, ix.nodes)
		}
		ix.made.labels[key] = c
		return c
	})
}

// taint returns the distinct taints and the nodes that have them.
func (ix *index) taint() *taintColumn {
	return ask(ix, func() (*taintColumn, bool) { return ix.made.taints, ix.made.taints != nil }, func() *taintColumn {
		if ix.old.taints != nil {
			ix.made.taints = ix.old.taints.derive(ix.edited)
		} else {
			ix.made.taints = newTaintColumn(ix.nodes)
		}
		return ix.made.taints
	})
}

// cordoned returns the nodes with spec.unschedulable.
func (ix *index) cordoned() words {
	return ask(ix, func() (words, bool) { return ix.made.cordoned, ix.made.cordoned != nil }, func() words {
		if ix.old.cordoned != nil {
			ix.made.cordoned = ix.old.cordoned.clone()
			correct(ix.made.cordoned, ix.edited, isCordoned)
		} else {
			ix.made.cordoned = newCordoned(ix.nodes)
		}
		return ix.made.cordoned
	})
}

// ask returns what made finds, or else what make builds. Any number of readers may
// call it at once.
func ask[T any](ix *index, made func() (T, bool), make func() T) T {
	ix.mu.RLock()
	x, ok := made()
	ix.mu.RUnlock()
	if ok {
		return x
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if x, ok = made(); ok {
		return x
	}
	return make()
}

func isCordoned(n *corev1.Node) bool { return n.Spec.Unschedulable }

func newCordoned(nodes []*corev1.Node) words {
	w := newWords(len(nodes))
	for i, n := range nodes {
		if isCordoned(n) {
			w.add(i)
		}
	}
	return w
}
