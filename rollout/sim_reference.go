package rollout

import "fmt"

// Reference is a rule of Kubernetes and where its source has it.
type Reference struct {
	File string `json:"file"` // in k8s.io/kubernetes, unless the path begins with another module
	Func string `json:"func"` // a function or method in the file
	Text string `json:"text"` // the rule in a sentence
}

// String returns the rule, followed by its place in the source in parentheses.
func (r Reference) String() string { return fmt.Sprintf("%s (%s: %s)", r.Text, r.File, r.Func) }
