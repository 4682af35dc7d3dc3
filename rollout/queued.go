package rollout

// syncReasons are why a controller is to sync an object, as a set: the object's place in
// the controller's work queue. Pods of DaemonSets have their own, by node (tally).
type syncReasons uint8

const (
	stateChanged  syncReasons = 1 << iota // what a sync counts or compares has changed
	specChanged                           // the template or the revisions have: the current one is to be found again
	ownersChanged                         // an orphan may match, or what is owned may not any more
	hashesChanged                         // revisions were merged: pods are to get the current hash
)

func (r *syncReasons) add(why syncReasons)     { *r |= why }
func (r *syncReasons) clear(why syncReasons)   { *r &^= why }
func (r syncReasons) has(any syncReasons) bool { return r&any != 0 }
