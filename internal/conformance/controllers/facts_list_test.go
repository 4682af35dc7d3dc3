package controllers

import (
	"slices"
	"time"
)

// two applies v1 in tick 0 and something else in tick 3, when v1 is available.
func two(first Input, second ...Input) map[int][]Input {
	return map[int][]Input{0: {first}, 3: second}
}

// scene is a scenario of a dozen ticks on n nodes.
func scene(name string, n int, at map[int][]Input) Scenario {
	return Scenario{Name: name, Nodes: Nodes(n), At: at, Ticks: 12}
}

func with(s Scenario, k Kubelet) Scenario {
	s.Config.Kubelet = k
	return s
}

func collectedAfter(s Scenario, d time.Duration) Scenario {
	s.Config.PodGC = d
	return s
}

func long(s Scenario, ticks int) Scenario {
	s.Ticks = ticks
	return s
}

// zero is a strategy no validation lets pass.
func zero(image string) Apply {
	a := apply(image, MaxSurge("0"))
	a.Unvalidated = true
	return a
}

// The facts about rollouts of DESIGN.md, in its order.
var facts = []fact{
	{
		Scenario: scene("a rollout loses the pod of a node that is not ready", 3,
			two(apply("v1", MaxUnavailable("3")), NodeNotReady{"n2"}, apply("v2", MaxUnavailable("3")))),
		want: map[string]string{"2": "want=3 avail=3", "3": "want=2 mis=0 +n1 +n3 -n1 -n2 -n3", "4-11": "want=2 have=2 avail=2 pods=2 quiet"},
	},
	{
		Scenario: scene("broader tolerations keep a not ready node wanted", 3,
			two(apply("v1", TolerateAll), NodeNotReady{"n2"})),
		want: map[string]string{"3-11": "want=3 have=3 ready=3 quiet"},
	},
	{
		Scenario: scene("percentages round up", 3,
			two(apply("v1", MaxUnavailable("34%")), apply("v2", MaxUnavailable("34%")))),
		want: map[string]string{"3": "-n1 -n2 +n1 +n2", "4": "-n3 +n3", "5-11": "quiet"},
	},
	{
		Scenario: scene("a percentage is of the nodes wanted now", 4,
			two(apply("v1"), slices.Concat(on(names(4, 2), edit("taint a=b:NoSchedule")), []Input{apply("v2", MaxUnavailable("50%"))})...)),
		// One of two wanted at a time; n1 and n2 are only kept, so nobody misses them.
		want: map[string]string{"3": "want=2 mis=0 syncs=4 -n1 -n2 -n3 +n3", "4": "-n4 +n4", "5-11": "quiet"},
	},
	{
		Scenario: scene("no budget at all counts as one", 3, two(zero("v1"), zero("v2"))),
		want:     map[string]string{"0": "created=3 fine", "3": "-n1 +n1", "4": "-n2 +n2", "5": "-n3 +n3", "6-11": "quiet updated=3"},
	},
	{
		Scenario: scene("unavailable old pods go whatever the budget", 4,
			two(apply("v1"), PodsNotReady{"n1"}, PodsNotReady{"n2"}, PodsNotReady{"n3"}, apply("v2"))),
		want: map[string]string{"3": "-n1 -n2 -n3 +n1 +n2 +n3", "4-11": "avail=1 quiet"},
	},
	{
		Scenario: scene("each unavailable old pod uses one of the budget", 4,
			two(apply("v1"), PodsNotReady{"n3"}, apply("v2", MaxUnavailable("2")))),
		want: map[string]string{"3": "-n1 -n3 +n1 +n3", "4": "-n2 +n2", "5": "-n4 +n4", "6-11": "updated=4 avail=3 quiet"},
	},
	{
		Scenario: scene("pods not yet available all go at once", 4, two(apply("v1", MinReady(30)), apply("v2", MinReady(30)))),
		want:     map[string]string{"2": "ready=4 avail=0", "3": "-n1 -n2 -n3 -n4 +n1 +n2 +n3 +n4"},
	},
	{
		Scenario: scene("dead nodes eat the budget", 4,
			two(apply("v1", TolerateAll), NodeDown{"n4"}, apply("v2", TolerateAll))),
		want: map[string]string{"3": "want=4 -n4", "4-11": "quiet updated=0 avail=3"},
	},
	{
		Scenario: Scenario{Name: "20 dead of 288 eat 5 percent", Nodes: Nodes(288), Ticks: 9,
			At: then(two(apply("v1", TolerateAll, MaxUnavailable("5%")), on(names(288, 20), down)...), 5, apply("v2", TolerateAll, MaxUnavailable("5%")))},
		any:  true,
		want: map[string]string{"5": "want=288 deleted=20 created=0", "6-8": "quiet updated=0"},
	},
	{
		Scenario: Scenario{Name: "20 dead of 288 are only kept and eat 5 percent all the same", Nodes: Nodes(288), Ticks: 9,
			At: then(two(apply("v1", MaxUnavailable("5%")), on(names(288, 20), down)...), 5, apply("v2", MaxUnavailable("5%")))},
		any:  true,
		want: map[string]string{"5": "want=268 mis=20 deleted=20 created=0", "6-8": "quiet updated=0"},
	},
	{
		Scenario: Scenario{Name: "a budget of 15 is 15 minus the dead", Nodes: Nodes(288), Ticks: 9,
			At: then(two(apply("v1", TolerateAll, MaxUnavailable("5%")), on(names(288, 4), down)...), 5, apply("v2", TolerateAll, MaxUnavailable("5%")))},
		any:  true,
		want: map[string]string{"5": "want=288 deleted=15 created=11", "6": "deleted=11 created=11"},
	},
	{
		Scenario: with(scene("without surge a terminating pod blocks its node and counts as unavailable", 3,
			two(apply("v1"), apply("v2"))), stops),
		want: map[string]string{"3": "-n1", "4-5": "quiet terminating=1", "6": "+n1", "7": "-n2", "10": "+n2"},
	},
	{
		Scenario: with(scene("with surge a terminating pod blocks nothing and counts nowhere", 3,
			two(apply("v1"), apply("v2", MaxSurge("1")))), stops),
		want: map[string]string{"3": "+n1", "4": "-n1 +n2", "5": "-n2 +n3 terminating=2", "6": "-n3 terminating=3", "7-11": "quiet"},
	},
	{
		Scenario: with(scene("a terminating pod that ended is invisible and makes room", 2,
			then(then(two(apply("v1", MaxUnavailable("2")), apply("v2", MaxUnavailable("2"))), 4, endPods{"n1"}), 5)), stops),
		want: map[string]string{"3": "-n1 -n2 have=2", "4": "+n1 have=2 terminating=2 pods=3 updated=1", "6": "+n2"},
	},
	{
		Scenario: with(scene("but its revision is kept while it is there", 1,
			then(then(then(two(apply("v1", History(0)), apply("v2", History(0))), 4, endPods{"n1"}), 5), 6)), stops),
		want: map[string]string{"4-5": "revisions=1,2", "6": "revisions=2"},
	},
	{
		Scenario: scene("a pod on a node only kept is updated like any other and never comes back", 3,
			two(apply("v1"), EditNode{"n1", []string{"taint a=b:NoSchedule"}}, apply("v2"))),
		want: map[string]string{"3": "-n1 -n2 +n2 want=2 mis=0", "4": "-n3 +n3", "5-11": "quiet pods=2"},
	},
	{
		Scenario: collectedAfter(scene("with surge an old pod on a removed node stops the rollout until it is collected", 3,
			then(two(apply("v1", History(0)), RemoveNode{"n2"}), 4, apply("v2", MaxSurge("1"), History(0)))), 5*time.Second),
		want: map[string]string{"3": "fine quiet", "4-7": "error quiet want=2 gen=2 revisions=1,2", "8": "fine +n1", "9": "-n1 +n3", "10": "-n3", "11": "updated=2 revisions=2"},
	},
	{
		Scenario: collectedAfter(scene("without surge it does not", 3,
			then(two(apply("v1"), RemoveNode{"n2"}), 4, apply("v2"))), 5*time.Second),
		want: map[string]string{"4": "fine -n1 +n1", "5": "-n2", "6-7": "quiet fine", "8": "-n3 +n3"},
	},
	{
		Scenario: Scenario{Name: "a selector change deletes 600 pods at once in syncs of 250", Nodes: Nodes(600), Ticks: 5,
			At: two(apply("v1", MaxUnavailable("1")), apply("v1", On("disk", "ssd")))},
		any:  true,
		want: map[string]string{"0": "created=600 syncs=3", "3": "deleted=600 syncs=3 want=0 pods=0"},
	},
	{
		Scenario: scene("a label change deletes at once", 4, two(apply("v1"), on(names(4, 4), edit("taint a=b:NoExecute"))...)),
		want:     map[string]string{"3": "deleted=4 want=0 pods=0"},
	},
	{
		Scenario: scene("NoSchedule keeps the pods", 4, two(apply("v1"), on(names(4, 4), edit("taint a=b:NoSchedule"))...)),
		want:     map[string]string{"3-11": "quiet want=0 mis=4 pods=4"},
	},
	{
		Scenario: long(scene("failed pods are replaced at once then after a backoff that doubles", 1,
			failEvery(apply("v1"), 3, 24, "n1")), 25),
		want: map[string]string{
			"3-4": "-n1 +n1 failed=0", "5": "quiet failed=1", "6": "-n1 +n1", "7-9": "quiet failed=1", "10": "-n1 +n1",
			"11-17": "quiet failed=1", "18": "-n1 +n1", "19-24": "quiet failed=1",
		},
	},
	{
		Scenario: scene("with surge and host ports the new pod stays pending", 2,
			two(apply("v1", HostPort(80)), apply("v2", HostPort(80), MaxSurge("1")))),
		want: map[string]string{"3": "+n1 fine", "4-11": "quiet pending=1 updated=0 avail=2"},
	},
	{
		Scenario: scene("with surge and no room the new pod stays pending", 2,
			two(apply("v1", CPU("5")), apply("v2", CPU("5"), MaxSurge("1")))),
		want: map[string]string{"3": "+n1 fine", "4-11": "quiet pending=1 updated=0 avail=2"},
	},
	{
		Scenario: with(scene("numberAvailable counts pods on their way out", 2,
			two(apply("v1", MaxUnavailable("2")), apply("v2", MaxUnavailable("2")))), stops),
		want: map[string]string{"3-5": "terminating=2 avail=2 ready=2 updated=0", "6": "avail=0 updated=2"},
	},
	{
		Scenario: with(scene("with surge updatedNumberScheduled lags", 1,
			two(apply("v1"), apply("v2", MaxSurge("1")))), stops),
		want: map[string]string{"3": "+n1 updated=0", "4": "-n1 updated=0", "5-6": "quiet updated=0", "7": "updated=1 pods=1"},
	},
	{
		Scenario: scene("going back renumbers the revision", 1, then(two(apply("v1"), apply("v2")), 6, apply("v1"))),
		want:     map[string]string{"2": "revisions=1", "3": "revisions=1,2", "6-11": "revisions=2,3"},
	},
	{
		Scenario: scene("undo is going back", 1, then(two(apply("v1"), apply("v2")), 6, Undo{Key: agent})),
		want:     map[string]string{"6-11": "revisions=2,3 fine gen=3 updated=1"},
	},
	{
		Scenario: scene("a change of strategy makes no revision", 2, two(apply("v1"), apply("v1", OnDelete, MinReady(1)))),
		want:     map[string]string{"3-11": "revisions=1 gen=2 quiet"},
	},
	{
		// n1 still runs revision 1 and n2 revision 2; revision 3 never had a pod. All
		// three count against the limit of one, and only the third can go.
		Scenario: scene("old revisions with live pods count against the history limit but are spared", 2,
			map[int][]Input{
				0: {apply("v1", OnDelete, History(1))}, 3: {apply("v2", OnDelete, History(1)), DeletePods{"n2"}},
				5: {apply("v3", OnDelete, History(1))}, 6: {apply("v4", OnDelete, History(1))},
			}),
		want: map[string]string{"4": "revisions=1,2", "5": "revisions=1,2,3", "6-11": "revisions=1,2,4"},
	},
	{
		Scenario: Scenario{Name: "with surge a changed nodeSelector deletes at once before the new nodes have theirs",
			Nodes: slices.Concat(Nodes(2, "label pool=a"), []nodeT{Node("n3", "label pool=b"), Node("n4", "label pool=b")}),
			At:    two(apply("v1", On("pool", "a"), MaxSurge("1")), apply("v1", On("pool", "b"), MaxSurge("1"))), Ticks: 12},
		want: map[string]string{"3": "-n1 -n2 +n3 +n4 avail=0", "4": "avail=2"},
	},
	{
		Scenario: Scenario{Name: "with surge old pods on NoSchedule nodes are spared until others are available",
			Nodes: slices.Concat(Nodes(2), []nodeT{Node("n3", "label pool=b"), Node("n4", "label pool=b")}),
			At: map[int][]Input{0: {apply("v1", MaxSurge("1"))},
				3: {EditNode{"n1", []string{"taint a=b:NoSchedule"}}, EditNode{"n2", []string{"taint a=b:NoSchedule"}}, PodsNotReady{"n3"}, PodsNotReady{"n4"}, apply("v2", MaxSurge("1"))},
				6: {PodsReady{"n3"}}, 8: {PodsReady{"n4"}}}, Ticks: 12},
		want: map[string]string{"3": "want=2 mis=2 avail=0 -n3 +n3 -n4 +n4", "4-5": "quiet mis=2", "6": "-n1 avail=1", "7": "quiet mis=1", "8": "-n2 avail=2", "9-11": "quiet"},
	},
	{
		Scenario: scene("if all nodes are tainted a percentage is none and the rollout pauses", 3,
			then(two(apply("v1", MaxUnavailable("50%")), slices.Concat(on(names(3, 3), edit("taint a=b:NoSchedule")), []Input{apply("v2", MaxUnavailable("50%"))})...),
				7, on(names(3, 3), edit("taint a:NoSchedule-"))...)),
		want: map[string]string{"3-6": "quiet want=0 mis=3", "7": "-n1 -n2 +n1 +n2 want=3"},
	},
	{
		Scenario: scene("tainted in the middle old pods go beyond the budget and do not come back", 4,
			then(two(apply("v1", MaxUnavailable("1")), apply("v2", MaxUnavailable("1"))), 4, EditNode{"n3", []string{"taint a=b:NoSchedule"}}, EditNode{"n4", []string{"taint a=b:NoSchedule"}})),
		want: map[string]string{"3": "-n1 +n1", "4": "-n2 +n2 want=2 mis=2", "5": "-n3 -n4 pods=2", "6-11": "quiet pods=2"},
	},
	{
		Scenario: long(scene("with surge failed pods in backoff pile up beside their successors", 1,
			failEvery(apply("v1", MaxSurge("1")), 3, 14, "n1")), 15),
		want: map[string]string{
			"3-4": "-n1 +n1 failed=0", "5": "+n1 failed=1", "6": "-n1 +n1 failed=1", "7": "+n1 failed=2", "8": "+n1 failed=3", "9": "+n1 failed=4",
			"10": "-n1 +n1 failed=4", "14": "+n1 failed=8 ready=0",
		},
	},
	{
		// Back to the first step of the backoff with the third failure: the spec was
		// edited in tick 5, and the status has said so since.
		Scenario: long(scene("editing the spec resets the backoff", 1, then(failEvery(apply("v1"), 3, 9, "n1"), 5, apply("v1", MinReady(1)))), 10),
		want:     map[string]string{"3-4": "-n1 +n1", "5": "-n1 +n1 gen=2", "6": "-n1 +n1", "7": "quiet failed=1", "8": "-n1 +n1"},
	},
	{
		Scenario: scene("a failed pod of an old template waits for no backoff in a rolling update", 2,
			then(then(two(apply("v1"), FailPods{"n1"}), 4, FailPods{"n1"}), 5, FailPods{"n1"}, apply("v2"))),
		want: map[string]string{"3-4": "-n1 +n1", "5": "-n1 +n1 failed=0 updated=1"},
	},
	{
		// The node is added in the tick of the update: the first sync only creates,
		// the second, in the same tick, finds the new pod unavailable.
		Scenario: scene("a sync that creates does not update", 2,
			two(apply("v1"), ApplyNode{Node("n3")}, apply("v2"))),
		want: map[string]string{"3": "+n3 syncs=1 gen=2", "4": "-n1 +n1 syncs=2", "5": "-n2 +n2", "6-11": "quiet updated=3"},
	},
	{
		Scenario: scene("three bad updates in a row go through whatever the budget", 3,
			map[int][]Input{0: {apply("v1"), NeverReady{Image: "bad1"}, NeverReady{Image: "bad2"}, NeverReady{Image: "bad3"}},
				3: {apply("bad1")}, 5: {apply("bad2")}, 7: {apply("bad3")}}),
		want: map[string]string{"3": "-n1 +n1", "4": "quiet", "5": "-n1 +n1", "6": "quiet", "7": "-n1 +n1 avail=2", "8-11": "quiet avail=2"},
	},
	{
		Scenario: scene("a pod stuck terminating holds the budget", 3,
			two(apply("v1"), StuckTerminating{"n1"}, apply("v2"))),
		want: map[string]string{"3": "-n1 terminating=1", "4-11": "quiet updated=0 avail=3"},
	},
	{
		Scenario: scene("with surge a pod stuck terminating holds nothing", 3,
			two(apply("v1"), StuckTerminating{"n1"}, apply("v2", MaxSurge("1")))),
		want: map[string]string{"3": "+n1", "4": "-n1 +n2", "5": "-n2 +n3", "6": "-n3 terminating=1", "7-11": "quiet updated=2 avail=3 pods=4"},
	},
	{
		Scenario: scene("a cordoned node is wanted like any other", 2, then(at(1, EditNode{"n1", []string{"cordon"}}), 3, apply("v1"))),
		want:     map[string]string{"3": "want=2 +n1 +n2", "4-11": "avail=2"},
	},
	{
		// Both DaemonSets are at template generation 1, and an adopted pod of that
		// generation is up to date whatever its hash (util.IsPodUpdated).
		Scenario: scene("orphaned pods pass for updated when their DaemonSet comes back changed", 2,
			two(apply("v1"), Delete{Key: agent, Propagation: "Orphan"}, apply("v2"))),
		want: map[string]string{"3-11": "quiet updated=2 avail=2 gen=1 revisions=1,2"},
	},
	{
		// The first sync adopts revision 1 and then changes what it read before.
		Scenario: scene("an adopted revision is renumbered only by the second sync", 2,
			then(then(two(apply("v1"), apply("v2", OnDelete)), 5, Delete{Key: agent, Propagation: "Orphan"}), 6, apply("v1"))),
		want: map[string]string{"6": "error quiet revisions=2,3 updated=2 gen=1", "7-11": "fine quiet"},
	},
	{
		Scenario: scene("OnDelete replaces what somebody deletes", 2,
			then(two(apply("v1", OnDelete), apply("v2", OnDelete)), 6, DeletePods{"n2"})),
		want: map[string]string{"3-5": "quiet updated=0 gen=2", "6": "+n2 updated=1", "7-11": "quiet"},
	},
	{
		Scenario: scene("a never ready image stays where the budget is used up", 3,
			map[int][]Input{0: {apply("v1"), NeverReady{Image: "bad"}}, 3: {apply("bad")}, 8: {Undo{Key: agent}}}),
		want: map[string]string{"3": "-n1 +n1", "4-7": "quiet avail=2", "8": "-n1 +n1", "9-11": "avail=3 quiet"},
	},
}

// failEvery applies once and fails the pods of the node in every tick of a span.
func failEvery(a Apply, from, to int, node string) map[int][]Input {
	m := map[int][]Input{0: {a}}
	for tick := from; tick <= to; tick++ {
		m[tick] = []Input{FailPods{node}}
	}
	return m
}
