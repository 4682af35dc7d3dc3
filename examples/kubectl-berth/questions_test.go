package main

import (
	"strings"
	"testing"
)

// Questions about a dump, as somebody asks them who knows kubectl and has read the list
// of commands. Each is answered in the first try: where a guess went wrong, the tool
// takes it now, or says what to type.
func TestQuestions(t *testing.T) {
	t.Chdir("testdata/help")
	for _, test := range []struct {
		question, line string
		code           int
		answer         string
	}{
		{"why is my pod pending?", "why pod web-1 -n shop --cluster dump.yaml", exitFails, "pool=web in place of pool=wbe at spec.nodeSelector[pool]: gains node-1 node-2 node-3"},
		{"why is there no agent on gpu-1?", "why ds log-collector node gpu-1 --cluster dump.yaml", exitFails, "kubectl taint nodes gpu-1 dedicated:NoSchedule-"},
		{"the same, with a name that is not there", "why log-collector gpu1 --cluster dump.yaml", exitBadInput, `node "gpu1" not found: did you mean gpu-1?`},
		{"where does the agent run?", "where log-collector -f dump.yaml", exitHolds, "Placed    3      node-1 node-2 node-3"},
		{"where do the pods of the shop run?", "where pods -n shop --cluster dump.yaml", exitFails, "pod/shop/web-1: 0/4 nodes are available"},
		{"where would all of the shop go?", "where -n shop --cluster dump.yaml", exitHolds, "deployment/shop/web: 3 replicas bound"},
		{"may I drain node-1?", "drain node-1 --ignore-daemonsets -f dump.yaml", exitFails, "kubectl scale deployment/web -n shop --replicas=4"},
		{"and with the flag forgotten?", "drain node/node-1 --cluster dump.yaml", exitFails, "use --ignore-daemonsets to ignore"},
		{"what if I cordon a node?", "plan --do 'cordon node-2' --cluster dump.yaml", exitHolds, "edit  cordon on node-2: completed"},
		{"what if I taint it?", "plan --do 'kubectl taint nodes node-1 a=b:NoExecute' --cluster dump.yaml", exitHolds, "lost: node-1"},
		{"what if I label it?", "plan --do 'label node/node-1 pool-' --cluster dump.yaml", exitHolds, "edit  label pool- on node-1: completed"},
		{"what if a node goes?", "plan --do 'delete node node-3' --cluster dump.yaml", exitHolds, "nodes removed: node-3"},
		{"what if I scale up?", "plan --do 'kubectl scale deploy/web --replicas=6 -n shop' --cluster dump.yaml", exitHolds, "3 available before, at worst 3 (after 1s), 6 in the end"},
		{"and too far?", "plan --do 'scale deployment web --replicas 60 -n shop' --cluster dump.yaml", exitFails, "Insufficient cpu"},
		{"what if I restart it?", "plan --do 'rollout restart deploy/web -n shop' --cluster dump.yaml", exitHolds, "edit  restart deployment/shop/web: completed"},
		{"what if I roll it back?", "plan --do 'rollout undo deploy/web' --cluster dump.yaml", exitFails, `no rollout history found for deployment "web"`},
		{"what if I delete the agent?", "plan --do 'delete ds/log-collector' --cluster dump.yaml", exitHolds, "- DaemonSet logging/log-collector: deleted"},
		{"what if I delete the pod?", "plan --do 'delete pod web-1 -n shop' --cluster dump.yaml", exitHolds, "edit  delete-pod shop/web-1: completed"},
		{"how many more pods fit?", "overhead --of deploy/web -n shop --cluster dump.yaml", exitHolds, "6 more pods of deployment/shop/web fit, on 3 nodes"},
		{"what does this file change?", "plan -f daemonset.yaml -f dump.yaml", exitHolds, "~ DaemonSet logging/log-collector: changed"},
		{"the same as kubectl diff", "diff -f daemonset.yaml", exitBadInput, "kubectl berth plan -f FILE says what a file would change"},
		{"how long does a rollout take?", "rollout restart deploy/web -n shop --cluster dump.yaml", exitHolds, "Done after 4 ticks"},
		{"is a rollout done?", "rollout status deploy/web -n shop --cluster dump.yaml", exitBadInput, "kubectl berth stuck WORKLOAD reports whether it is stuck"},
		{"is a rollout stuck?", "stuck deploy/web -n shop --cluster dump.yaml", exitHolds, "Nothing is stuck"},
		{"what is stuck?", "stuck -f dump.yaml", exitFails, "kubectl berth why pod/shop/web-1 says what would change that"},
		{"is anything wrong with the agent?", "inspect ds/log-collector --cluster dump.yaml", exitHolds, "No findings."},
	} {
		code, out, errs := answerOf(words(test.line))
		if code != test.code || !strings.Contains(out+errs, test.answer) {
			t.Errorf("%s\n$ kubectl berth %s\nended with %d, want %d and %q:\n%s%s", test.question, test.line, code, test.code, test.answer, out, errs)
		}
	}
}
