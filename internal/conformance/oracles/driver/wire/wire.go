// Package wire has the questions to an oracle and its answers: one JSON value a
// line, each answer in the order of its question. It needs only the standard library,
// so that both sides can import it whatever release they link.
package wire

import "encoding/json"

// Question asks one thing. Exactly one field is set.
type Question struct {
	Schedule *Schedule `json:"schedule,omitempty"`
	Eligible *Eligible `json:"eligible,omitempty"`
	// Create is an object as a user writes it: what does the API server make of it?
	Create json.RawMessage `json:"create,omitempty"`
}

// Schedule asks the scheduler about one pod in one cluster, as objects in JSON.
type Schedule struct {
	Nodes        []json.RawMessage `json:"nodes"`
	Pods         []json.RawMessage `json:"pods,omitempty"`
	Namespaces   []json.RawMessage `json:"namespaces,omitempty"`
	Services     []json.RawMessage `json:"services,omitempty"`
	ReplicaSets  []json.RawMessage `json:"replicaSets,omitempty"`
	StatefulSets []json.RawMessage `json:"statefulSets,omitempty"`
	Budgets      []json.RawMessage `json:"budgets,omitempty"`
	Pod          json.RawMessage   `json:"pod"`
}

// Eligible asks the DaemonSet controller about each node.
type Eligible struct {
	DaemonSet json.RawMessage   `json:"daemonSet"`
	Nodes     []json.RawMessage `json:"nodes"`
}

// Answer answers one question.
type Answer struct {
	// Error is set if the question could not be answered.
	Error string `json:"error,omitempty"`

	// Schedule: the total score of each node that the pod fits on, or the message of
	// the FailedScheduling event if there is none.
	Scores  map[string]int64 `json:"scores,omitempty"`
	Message string           `json:"message,omitempty"`

	// Eligible: by node, whether a pod should run and whether a running one stays.
	Run  []bool `json:"run,omitempty"`
	Stay []bool `json:"stay,omitempty"`

	// Create: the object with its defaults, and each mistake of validation.
	Object   json.RawMessage `json:"object,omitempty"`
	Mistakes []Mistake       `json:"mistakes,omitempty"`
}

// Mistake is an error of validation without the wrong value.
type Mistake struct {
	Field  string `json:"field"`
	Type   string `json:"type"`
	Detail string `json:"detail"`
}
