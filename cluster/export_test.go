package cluster

// Rebased returns the same cluster with the edits of its nodes in the index, as
// happens automatically after many edits.
func Rebased(c *Cluster) *Cluster { return (*Cluster)(c.snapshot().Rebase()) }
