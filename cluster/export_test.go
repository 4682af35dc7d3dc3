package cluster

// Rebased returns the same cluster with the edits of its nodes in the index, as
// happens automatically after many edits.
func (c *Cluster) Rebased() *Cluster { return (*Cluster)(c.snapshot().Rebase()) }
