package conformance

// Faults in berth's rollouts, one for each rule; see TestMutants.
func init() {
	for _, m := range []struct{ fault, file, old, new string }{
		{"percentages round down", "rollout/daemonset_budget.go",
			"intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, of, true)", "intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, of, false)"},
		{"two zeros are no budget", "rollout/daemonset_budget.go",
			"unavailable == 0 && surge == 0 {\n\t\tunavailable = 1", "unavailable == 0 && surge == 0 {\n\t\tunavailable = 0"},
		{"unavailable old pods keep to the budget", "rollout/daemonset_update.go",
			"oldDown, oldDownOut, math.MaxInt,", "oldDown, oldDownOut, min(math.MaxInt, max(0, maxUnavailable-unavailable)),"},
		{"an unavailable old pod uses none of the budget", "rollout/daemonset_classify.go",
			"m = oldDown | out", "m = oldDown"},
		{"a node without a live pod uses none of the budget", "rollout/daemonset_classify.go",
			"case c.oldest == none && c.newest == none:\n\t\treturn out", "case c.oldest == none && c.newest == none:\n\t\treturn 0"},
		{"a pod on a node only kept is not updated", "rollout/daemonset_update.go",
			"dsc.replaceOld(d, oldUp, oldUpOut, free,", "dsc.replaceOld(d, oldUp, oldUp, free,"},
		{"a pod on a removed node stops no surge", "rollout/daemonset_update.go",
			"case d.number(lost) > 0:", "case false:"},
		{"rollingUpdate runs although manage has acted", "rollout/daemonset_sync.go",
			"if len(dsc.creations)+len(dsc.deletions) == 0 && d.rolling {", "if d.rolling {"},
		{"failed pods wait for no backoff", "rollout/daemonset_manage.go",
			"backoff := dsc.inBackoff(d, node)", "backoff := false"},
		{"a new generation does not reset the backoff", "rollout/daemonset_sync.go",
			"dsc.forgetBackoffs(d)", ""},
		{"with surge a ready old pod goes before the new one is available", "rollout/daemonset_manage.go",
			"case dsc.available(d, &dsc.pods[fresh]):", "case dsc.pods[fresh].is(isReady):"},
		{"with surge pods elsewhere are not counted", "rollout/daemonset_update.go",
			"max(0, up-wanted)", "up"},
		{"the status looks at the newest pod", "rollout/daemonset_classify.go",
			"if c.first == none {\n\t\t\tc.first = id\n\t\t}", "c.first = id"},
		{"the status overlooks terminating pods", "rollout/daemonset_classify.go",
			"if c.first == none {\n\t\t\tc.first = id\n\t\t}", "if c.first == none && !p.is(terminating) {\n\t\t\tc.first = id\n\t\t}"},
		{"going back keeps the number", "rollout/daemonset_history.go",
			"if r.object.Revision >= number {\n\t\treturn r\n\t}", "if true {\n\t\treturn r\n\t}"},
		{"revisions with pods do not count against the limit", "rollout/daemonset_history.go",
			"old := slices.DeleteFunc(slices.Clone(d.revisions), func(r revision) bool { return r.object.Name == d.current })",
			"old := slices.DeleteFunc(slices.Clone(d.revisions), func(r revision) bool { return r.object.Name == d.current || dsc.hasLivePods(d, r.hash()) })"},
		{"minReadySeconds end a second late", "rollout/sim_pods.go",
			"int64(p.readied)+int64(minReady) <= int64(s.clock)", "int64(p.readied)+int64(minReady) < int64(s.clock)"},
		{"an orphan's template generation means nothing", "rollout/sim_pods.go",
			"made := *like\n", "made := *like\n\tmade.generation = \"\"\n"},
	} {
		mutants = append(mutants, mutant{m.fault, m.file, m.old, m.new, "TestRolloutsAgree"})
	}
}
