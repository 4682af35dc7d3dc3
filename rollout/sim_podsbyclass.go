package rollout

import "iter"

// podsByClass links the pods of each class, in both directions. It is scratch: the
// first question about the pods of a class builds it, in one walk over the pods, and
// after that a pod that comes, goes or changes its class costs a few words.
type podsByClass struct {
	first      []int32 // by class
	next, prev []int32 // by pod
}

func newPodsByClass(t *podTable) *podsByClass {
	l := &podsByClass{}
	for id := len(t.pods) - 1; id >= 0; id-- { // so that each list ascends
		if t.pods[id].phase != vacant {
			l.add(int32(id), t.pods[id].class)
		}
	}
	return l
}

// add adds a pod to a class. A nil list stays nil.
func (l *podsByClass) add(id, class int32) {
	if l == nil {
		return
	}
	l.first = grown(l.first, class)
	l.next, l.prev = grown(l.next, id), grown(l.prev, id)
	head := l.first[class]
	l.next[id], l.prev[id], l.first[class] = head, none, id
	if head != none {
		l.prev[head] = id
	}
}

// remove removes a pod from its class.
func (l *podsByClass) remove(id, class int32) {
	if l == nil {
		return
	}
	next, prev := l.next[id], l.prev[id]
	if next != none {
		l.prev[next] = prev
	}
	if prev != none {
		l.next[prev] = next
	} else {
		l.first[class] = next
	}
}

// grown returns the list with a place for i; new places have none.
func grown(list []int32, i int32) []int32 {
	for len(list) <= int(i) {
		list = append(list, none)
	}
	return list
}

// podsIn yields the pods of a class, in an arbitrary but fixed order.
func (t *podTable) podsIn(class int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		if t.byClass == nil {
			t.byClass = newPodsByClass(t)
		}
		if int(class) >= len(t.byClass.first) {
			return
		}
		for id := t.byClass.first[class]; id != none; id = t.byClass.next[id] {
			if !yield(id) {
				return
			}
		}
	}
}

// setClass moves the pod to another class.
func (t *podTable) setClass(id, class int32) {
	p := &t.pods[id]
	t.byClass.remove(id, p.class)
	p.class = class
	t.byClass.add(id, class)
}
