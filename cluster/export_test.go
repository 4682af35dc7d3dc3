package cluster

// Rebased gives the same cluster with the edits of its nodes in the index, as
// happens by itself after maxPatch of them.
func (c *Cluster) Rebased() *Cluster {
	copied := *c
	copied.view = c.view.rebase(false)
	return &copied
}
