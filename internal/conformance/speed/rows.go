package main

// suites are the packages whose benchmarks the rows are about.
var suites = []suite{
	{dir: ".", benchmarks: `^BenchmarkDesired$/^clauses=6$/././^(loop|cold|warm)$|^BenchmarkEdit$/^nodes=5000$|^Benchmark(Fit|Scores|Rollout)$`},
	{dir: "../../placement", benchmarks: `^Benchmark(AllReasons|Memory)$/^nodes=100000$`},
	{dir: "../../rollout", benchmarks: `^BenchmarkRollout$/././^nodes=(100|100000)$|^BenchmarkUpdate$|^BenchmarkFork$/^nodes=5000$|^BenchmarkSweep$`},
}

// row is a line of the table: what is asked, and the benchmarks that ask it.
type row struct {
	question, nodes  string
	kubernetes, ours string // benchmarks; no kubernetes: it has no answer to time
	unit             string // of the metric
	per              string // what the metric is for, in words
}

const (
	perNode       = "a node"
	perPod        = "a pod deleted or created"
	perTransition = "a pod deleted, created or ready"
)

var rows = []row{
	{"nodes that a DaemonSet with six NotIn clauses wants, on a cluster never seen before: against the controller's own loop with everything parsed once, snapshot and index included", "1,000",
		"BenchmarkDesired/clauses=6/nodes=1000/kubernetes/loop", "BenchmarkDesired/clauses=6/nodes=1000/berth/cold", "ns/node", perNode},
	{"", "10,000", "BenchmarkDesired/clauses=6/nodes=10000/kubernetes/loop", "BenchmarkDesired/clauses=6/nodes=10000/berth/cold", "ns/node", perNode},
	{"", "100,000", "BenchmarkDesired/clauses=6/nodes=100000/kubernetes/loop", "BenchmarkDesired/clauses=6/nodes=100000/berth/cold", "ns/node", perNode},
	{"the same for the second DaemonSet", "10,000",
		"BenchmarkDesired/clauses=6/nodes=10000/kubernetes/loop", "BenchmarkDesired/clauses=6/nodes=10000/berth/warm", "ns/node", perNode},
	{"", "100,000", "BenchmarkDesired/clauses=6/nodes=100000/kubernetes/loop", "BenchmarkDesired/clauses=6/nodes=100000/berth/warm", "ns/node", perNode},
	{"", "1,000,000", "BenchmarkDesired/clauses=6/nodes=1000000/kubernetes/loop", "BenchmarkDesired/clauses=6/nodes=1000000/berth/warm", "ns/op", "in all"},
	{"the same after one node was edited, the edit included", "5,000",
		"BenchmarkEdit/nodes=5000/kubernetes/loop", "BenchmarkEdit/nodes=5000/berth/warm", "ns/op", "in all"},
	{"all filters for one pod, ten pods with host ports on each node", "1,000", "BenchmarkFit/nodes=1000/kubernetes", "BenchmarkFit/nodes=1000/berth/warm", "ns/node", perNode},
	{"", "10,000", "BenchmarkFit/nodes=10000/kubernetes", "BenchmarkFit/nodes=10000/berth/warm", "ns/node", perNode},
	{"the best nodes by all scores", "1,000", "BenchmarkScores/nodes=1000/kubernetes", "BenchmarkScores/nodes=1000/berth/best", "ns/node", perNode},
	{"", "10,000", "BenchmarkScores/nodes=10000/kubernetes", "BenchmarkScores/nodes=10000/berth/best", "ns/node", perNode},
	{"all reasons of one node", "", "", "BenchmarkAllReasons/nodes=100000", "ns/op", "in all"},
	{"a rollout at 10 %, every event told", "2,000", "BenchmarkRollout/nodes=2000/budget=10%/kubernetes", "BenchmarkRollout/nodes=2000/budget=10%/berth", "ns/transition", perPod},
	{"a rollout one by one, every event told", "300", "BenchmarkRollout/nodes=300/budget=1/kubernetes", "BenchmarkRollout/nodes=300/budget=1/berth", "ns/transition", perPod},
	{"an update: validation, hash, revision, the first pod", "100", "", "BenchmarkUpdate", "ns/op", "in all"},
	{"what follows it at 10 %, every event told", "100", "", "BenchmarkRollout/events=all/budget=10%/nodes=100", "ns/transition", perTransition},
	{"", "100,000", "", "BenchmarkRollout/events=all/budget=10%/nodes=100000", "ns/transition", perTransition},
	{"one by one", "100", "", "BenchmarkRollout/events=all/budget=1/nodes=100", "ns/transition", perTransition},
	{"", "100,000", "", "BenchmarkRollout/events=all/budget=1/nodes=100000", "ns/transition", perTransition},
	{"at 10 % without events", "100", "", "BenchmarkRollout/events=none/budget=10%/nodes=100", "ns/transition", perTransition},
	{"", "100,000", "", "BenchmarkRollout/events=none/budget=10%/nodes=100000", "ns/transition", perTransition},
	{"one by one without events", "100", "", "BenchmarkRollout/events=none/budget=1/nodes=100", "ns/transition", perTransition},
	{"", "100,000", "", "BenchmarkRollout/events=none/budget=1/nodes=100000", "ns/transition", perTransition},
	{"a fork of a simulation in the middle of a rollout", "5,000", "", "BenchmarkFork/nodes=5000", "ns/op", "in all"},
	{"1,000 rollouts with a budget each", "1,000", "", "BenchmarkSweep", "ns/op", "in all"},
	{"memory beside the Kubernetes objects: index of six labels, account of a pod a node", "100,000", "", "BenchmarkMemory/nodes=100000", "judged-B/node", perNode},
}
