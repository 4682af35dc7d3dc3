package placement

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
)

// kind is what pods are to other pods: their namespace, labels and terms. Pods
// of one kind are counted together, and a selector is evaluated once for all of
// them.
type kind struct {
	namespace string
	labels    map[string]string
	leaving   bool // being deleted: spread does not count it
	relations relations
	signature string // equal for equal kinds
}

func kindOf(pod *corev1.Pod) *kind {
	k := &kind{namespace: pod.Namespace, labels: pod.Labels, leaving: pod.DeletionTimestamp != nil, relations: compileRelations(pod)}
	k.sign()
	return k
}

// going returns the kind of the pod once it is being deleted.
func (k *kind) going() *kind {
	gone := *k
	gone.leaving = true
	gone.sign()
	return &gone
}

func (k *kind) sign() {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%t", k.namespace, k.leaving)
	for _, key := range slices.Sorted(maps.Keys(k.labels)) {
		b.WriteByte(0)
		b.WriteString(key)
		b.WriteByte('=')
		b.WriteString(k.labels[key])
	}
	for _, terms := range [][]podTerm{k.relations.with, k.relations.without} {
		b.WriteByte(1)
		for i := range terms {
			terms[i].sign(&b)
		}
	}
	b.WriteByte(1)
	for i := range k.relations.prefers {
		k.relations.prefers[i].sign(&b)
		fmt.Fprintf(&b, "\x00%d", k.relations.prefers[i].weight)
	}
	k.signature = b.String()
}

// sign writes a key of the term. It distinguishes a selector that matches
// nothing from a selector that matches everything, since both print as an empty
// string.
func (t *podTerm) sign(b *strings.Builder) {
	fmt.Fprintf(b, "\x00%s\x00%q\x00%t%s\x00%t%s", t.key, t.namespaces, t.selector.Empty(), t.selector, t.named.Empty(), t.named)
}

// kinds numbers kinds in the order of their first use. It only grows,
// and all rooms that descend from one room share it. It is safe for concurrent
// use.
type kinds struct {
	serial   uint32 // of this table, never 0
	mu       sync.RWMutex
	ids      map[string]int32
	all      []*kind
	distance atomic.Int32 // how many keep others away
	partial  atomic.Int32 // how many score where others go
}

var tables atomic.Uint32

func newKinds() *kinds { return &kinds{serial: tables.Add(1), ids: map[string]int32{}} }

func (t *kinds) number(k *kind) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := t.ids[k.signature]
	if !ok {
		id = int32(len(t.all))
		t.ids[k.signature] = id
		t.all = append(t.all, k)
		if len(k.relations.without) > 0 {
			t.distance.Add(1)
		}
		if len(k.relations.with)+len(k.relations.prefers) > 0 {
			t.partial.Add(1)
		}
	}
	return id
}

// list returns the kinds by number. More may follow later.
func (t *kinds) list() []*kind {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.all
}

func (k *kind) looksLike(pod *corev1.Pod) bool {
	return pod.Namespace == k.namespace && (pod.DeletionTimestamp != nil) == k.leaving && maps.Equal(pod.Labels, k.labels)
}
