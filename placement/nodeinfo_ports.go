package placement

import (
	"cmp"
	"slices"
)

// portUses is the host ports that pods on 64 nodes have (NodeInfo.UsedPorts).
type portUses []portUse

// portUse is a host port that pods on some of 64 nodes have.
type portUse struct {
	hostPort
	nodes   uint64
	holders []holder
}

// holder is a pod that has a host port on a node.
type holder struct {
	load *load
	node int // of the 64
}

func (u *portUse) on(node int) bool { return u.nodes&(1<<node) != 0 }

// take records that a pod uses a port.
func (us *portUses) take(p hostPort, l *load, node int) {
	i := slices.IndexFunc(*us, func(u portUse) bool { return u.hostPort == p })
	if i < 0 {
		i, *us = len(*us), append(*us, portUse{hostPort: p})
	}
	u := &(*us)[i]
	u.nodes |= 1 << node
	u.holders = append(u.holders, holder{l, node})
}

// free releases a port of the first pod on the node that uses it and that
// meant accepts. It returns false if there is none.
func (us *portUses) free(p hostPort, node int, meant func(holder) bool) bool {
	at := slices.IndexFunc(*us, func(u portUse) bool { return u.hostPort == p })
	if at < 0 {
		return false
	}
	u := &(*us)[at]
	i := slices.IndexFunc(u.holders, func(h holder) bool { return h.node == node && meant(h) })
	if i < 0 {
		return false
	}
	u.holders = slices.Delete(u.holders, i, i+1)
	if !slices.ContainsFunc(u.holders, func(h holder) bool { return h.node == node }) {
		u.nodes &^= 1 << node
	}
	if u.nodes == 0 {
		*us = slices.Delete(*us, at, at+1)
	}
	return true
}

// taken returns the nodes where a wanted port is in use.
func (us portUses) taken(wanted []hostPort) uint64 {
	var nodes uint64
	for i := range us {
		for _, p := range wanted {
			if p.overlaps(us[i].hostPort) {
				nodes |= us[i].nodes
			}
		}
	}
	return nodes
}

// conflicts returns every port of wanted that is taken on a node. Of several
// conflicting ports it returns the port of the first pod by name first.
func (us portUses) conflicts(wanted []hostPort, node int) []PortConflict {
	var all []PortConflict
	for _, want := range wanted {
		from := len(all)
		for i := range us {
			u := &us[i]
			if !u.on(node) || !want.overlaps(u.hostPort) {
				continue
			}
			for _, h := range u.holders {
				if h.node == node {
					all = append(all, PortConflict{want.port, want.protocol, want.ip, h.load.name, u.ip})
				}
			}
		}
		slices.SortStableFunc(all[from:], func(a, b PortConflict) int {
			return cmp.Or(cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.PodIP, b.PodIP))
		})
	}
	return all
}
