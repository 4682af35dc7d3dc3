package cluster

// Rebased returns the same cluster with the edits of its nodes in the index, as
// happens automatically after maxPatch edits.
func (c *Cluster) Rebased() *Cluster {
	copied := *c
	copied.view = c.view.rebase(false)
	return &copied
}
