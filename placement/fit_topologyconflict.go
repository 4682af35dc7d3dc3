package placement

import "fmt"

// TopologyConflict is a required term of pod affinity or anti-affinity, or a
// topology spread constraint, that keeps a pod off a node.
type TopologyConflict struct {
	Path        string `json:"path,omitempty"` // of the term or constraint in the pod's spec; empty if it is another pod's term
	TopologyKey string `json:"topologyKey"`
	Missing     bool   `json:"missing,omitempty"` // the node does not have the label TopologyKey
	Value       string `json:"value,omitempty"`   // the node's value of the label: its domain
	// Pods is the number of pods in the node's domain: pods that the pod must
	// be near or avoids, or that avoid it; for a constraint the pods that it
	// counts, including the new pod if it counts that.
	Pods int64  `json:"pods"`
	Pod  string `json:"pod,omitempty"` // one of the pods of an affinity term, if known, as namespace/name

	// MaxSkew and MinPods are set for a constraint only. MinPods is the number
	// of pods in the domain with the fewest, or 0 if there are fewer domains
	// than minDomains.
	MaxSkew int64 `json:"maxSkew,omitempty"`
	MinPods int64 `json:"minPods,omitempty"`
}

// text returns the term or constraint, the node's domain and the pods there.
func (c TopologyConflict) text() string {
	term := c.Path
	if term == "" {
		term = "terms of other pods"
	}
	switch {
	case c.Missing:
		return term + ": the node has no label " + c.TopologyKey
	case c.MaxSkew > 0:
		return fmt.Sprintf("%s: %s=%s would have %d such pods, another has %d, maxSkew is %d", term, c.TopologyKey, c.Value, c.Pods, c.MinPods, c.MaxSkew)
	}
	return fmt.Sprintf("%s: in %s=%s there is %s", term, c.TopologyKey, c.Value, c.who())
}

// who returns the pods of an affinity term in the node's domain.
func (c TopologyConflict) who() string {
	switch {
	case c.Pods == 0:
		return "no such pod"
	case c.Pod == "":
		return fmt.Sprintf("%d such pods", c.Pods)
	case c.Pods == 1:
		return c.Pod
	}
	return fmt.Sprintf("%s and %d more", c.Pod, c.Pods-1)
}
