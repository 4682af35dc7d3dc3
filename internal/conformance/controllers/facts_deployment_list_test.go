package controllers

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	controllerutil "k8s.io/kubernetes/pkg/controller"
)

// squatter has the name of the Deployment's first ReplicaSet and another template.
func squatter(d *appsv1.Deployment) *appsv1.ReplicaSet {
	d = defaulted(d)
	hash := controllerutil.ComputeHash(&d.Spec.Template, nil)
	none := int32(0)
	rs := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Name + "-" + hash, Labels: map[string]string{"app": "other"}},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "other"}},
			Template: *d.Spec.Template.DeepCopy(),
		},
	}
	rs.Spec.Template.Labels = maps.Clone(rs.Labels)
	return rs
}

// What is surprising about Deployments in 1.37.
var deploymentFacts = []deployed{
	{
		Scenario: story("a surge rounds up and unavailable down", 2, map[int][]Input{
			0: {deploy("v1", 3)}, 3: {deploy("v2", 3)}}), // 25% of 3 are 1 up and 0 down
		want: map[string]string{"2": "sizes=3 desired=3/4", "3": "sizes=3,1 have=4 avail=3 updated=1", "4": "sizes=2,2 avail=3", "6": "sizes=0,3"},
	},
	{
		Scenario: story("two zeros count as one unavailable", 2, map[int][]Input{
			0: {deploy("v1", 3, Rolling("0%", "33%"))}, 3: {deploy("v2", 3, Rolling("0%", "33%"))}}), // 33% of 3 are 0
		want: map[string]string{"3": "sizes=2,1 desired=3/3,3/3 deleted=1 created=1 avail=2", "4": "sizes=1,2", "5": "sizes=0,3"},
	},
	{
		Scenario: story("two zeros as such are refused", 1, map[int][]Input{0: {deploy("v1", 3, Rolling("0", "0%"))}}),
		want:     map[string]string{"0": "refused=1", "1": "sizes="},
	},
	{
		Scenario: story("more unavailable than replicas is all of them", 2, map[int][]Input{
			0: {deploy("v1", 2, Rolling("0", "5"))}, 3: {deploy("v2", 2, Rolling("0", "5"))}}),
		want: map[string]string{"3": "sizes=0,2 avail=0 available=MinimumReplicasAvailable deleted=2 created=2"},
	},
	{
		Scenario: with(story("terminating pods are counted apart and the surge does not wait for them", 2, map[int][]Input{
			0: {deploy("v1", 4, Rolling("1", "0"))}, 4: {deploy("v2", 4, Rolling("1", "0"))}}), slow),
		want: map[string]string{"4": "have=5 terminating=0", "7": "have=5 terminating=1 sizes=3,2", "8": "terminating=1", "10": "sizes=2,3 terminating=1"},
	},
	{
		Scenario: with(story("Recreate waits for the last terminating pod", 2, map[int][]Input{
			0: {deploy("v1", 2, Recreate)}, 4: {deploy("v2", 2, Recreate)}}), slow),
		want: map[string]string{"4": "sizes=0 have=0 terminating=2 rev=1", "5-6": "sizes=0 terminating=2 quiet updated=0",
			"7": "sizes=0,2 created=2 terminating=0 rev=2 have=2"},
	},
	{
		Scenario: with(story("Recreate does not wait for failed pods", 1, map[int][]Input{
			0: {deploy("v1", 2, Recreate)}, 4: {FailPods{"n1"}, deploy("v2", 2, Recreate)}}), slow),
		want: map[string]string{"4": "sizes=0,2 failed=2 terminating=0", "5": "failed=2 sizes=0,2"},
	},
	{
		Scenario: story("failed pods are replaced at once and stay", 1, map[int][]Input{
			0: {deploy("v1", 2)}, 3: {FailPods{"n1"}}, 4: {FailPods{"n1"}}, 5: {FailPods{"n1"}}}),
		want: map[string]string{"3": "created=2 failed=2", "4": "created=2 failed=4", "5-15": "failed=6 have=2"},
	},
	{
		Scenario: story("failed pods go with their ReplicaSet", 1, map[int][]Input{
			0: {deploy("v1", 2, Remember(0))}, 3: {FailPods{"n1"}}, 6: {deploy("v2", 2, Remember(0))}}),
		want: map[string]string{"5": "failed=2", "9": "failed=0 sizes=2 revs=2"},
	},
	{
		Scenario: story("going back renumbers the ReplicaSet and remembers what it was", 2, map[int][]Input{
			0: {deploy("v1", 2)}, 4: {deploy("v2", 2)}, 8: {Undo{Key: web}}, 12: {deploy("v2", 2)}}),
		want: map[string]string{"4": "revs=1,2 rev=2", "8": "revs=2,3 rev=3 once=,1", "12": "revs=3,4 rev=4 once=1,2"},
	},
	{
		Scenario: story("revisions count on where ReplicaSets are gone", 1, map[int][]Input{
			0: {deploy("v1", 1, Remember(0))}, 4: {deploy("v2", 1, Remember(0))}, 8: {deploy("v1", 1, Remember(0))}, 13: {Undo{Key: web}}}),
		want: map[string]string{"7": "revs=2", "8": "revs=2,3", "12": "revs=3 rev=3", "13": "refused=1 quiet"},
	},
	{
		Scenario: story("history is cleaned up only when the rollout is complete", 2, map[int][]Input{
			0: {deploy("v1", 2, Remember(1))}, 3: {NeverReady{Image: "v2"}, deploy("v2", 2, Remember(1))}, 5: {deploy("v3", 2, Remember(1))}}),
		want: map[string]string{"4": "revs=1,2", "5": "revs=1,2,3", "6": "revs=1,2,3", "9-15": "revs=2,3 sizes=0,2"},
	},
	{
		Scenario: story("unhealthy pods of old templates go first and need no budget", 2, map[int][]Input{
			0: {deploy("v1", 4, Rolling("1", "0"))}, 3: {NeverReady{Image: "v2"}, deploy("v2", 4, Rolling("1", "0"))}, 6: {deploy("v3", 4, Rolling("1", "0"))}}),
		want: map[string]string{"4-5": "sizes=4,1 quiet", "6": "sizes=4,0,1 deleted=1 created=1", "7": "sizes=3,0,2"},
	},
	{
		Scenario: story("a scale in the middle of a rollout is proportional", 3, map[int][]Input{
			0: {deploy("v1", 10, Rolling("3", "2"))}, 3: {NeverReady{Image: "v2"}, deploy("v2", 10, Rolling("3", "2"))}, 6: {Scale{web, 15}}}),
		// 8 and 5 of at most 13 become 8*18/13 = 11 and 5*18/13 = 7.
		want: map[string]string{"5": "sizes=8,5 desired=10/13,10/13", "6-15": "sizes=11,7 desired=15/18,15/18"},
	},
	{
		Scenario: story("what rounding leaves over goes to the largest ReplicaSet", 3, map[int][]Input{
			0: {deploy("v1", 10, Rolling("3", "2"))}, 3: {NeverReady{Image: "v2"}, deploy("v2", 10, Rolling("3", "2"))},
			5: {Scale{web, 11}}, 6: {NeverReady{Image: "v3"}, deploy("v3", 11, Rolling("3", "2"))}, 9: {Scale{web, 17}}}),
		// 8, 1 and 5 of at most 14 become 11.4, 1.4 and 7.1 of 20: one is left over.
		want: map[string]string{"8": "sizes=8,1,5 desired=11/14,11/14,11/14", "9-15": "sizes=12,1,7 desired=17/20,17/20,17/20"},
	},
	{
		Scenario: story("a proportional scale rounds halves away from zero and the rest goes to the first", 3, map[int][]Input{
			0: {deploy("v1", 4, Rolling("1", "1"))}, 3: {NeverReady{Image: "v2"}, deploy("v2", 4, Rolling("1", "1"))}, 6: {Scale{web, 1}}}),
		// 3 and 2 of at most 5: 3*2/5 and 2*2/5 are 1.2 and 0.8. Then v1, the only one available, may go.
		want: map[string]string{"5": "sizes=3,2", "6": "sizes=0,1 desired=1/2,1/2 deleted=4"},
	},
	{
		Scenario: story("scaled to nothing in the middle of a rollout every ReplicaSet is empty", 3, map[int][]Input{
			0: {deploy("v1", 4)}, 3: {NeverReady{Image: "v2"}, deploy("v2", 4)}, 6: {Scale{web, 0}}, 9: {Scale{web, 4}}}),
		want: map[string]string{"6": "sizes=0,0 have=0 progressing=NewReplicaSetAvailable", "9": "sizes=0,4 created=4"},
	},
	{
		Scenario: story("a paused Deployment is scaled and cleaned up but not rolled out", 2, map[int][]Input{
			0: {deploy("v1", 2)}, 3: {Pause{web}}, 4: {deploy("v2", 2, Paused)}, 6: {Scale{web, 4}}, 9: {Resume{web}}}),
		want: map[string]string{"3-8": "rev=1 revs=1 progressing=DeploymentPaused", "6": "sizes=4 created=2", "9": "revs=1,2"},
	},
	{
		// The sync scales the only ReplicaSet up and removes it by what it had read before.
		Scenario: with(story("a Recreate paused between its halves loses the ReplicaSet that it scales up", 1, map[int][]Input{
			0: {deploy("v1", 2, Recreate, Remember(0))}, 4: {deploy("v2", 2, Recreate, Remember(0))}, 7: {Pause{web}}, 11: {Resume{web}}}), slow),
		want: map[string]string{"4-6": "sizes=0 terminating=2", "7-10": "sizes= have=0 quiet progressing=DeploymentPaused", "11": "sizes=2 created=2 rev=1"},
	},
	{
		// 3 and 2 of at most 6 become 10 and 7 of 20; the first gets all of the 3 left over, and loses them again.
		Scenario: story("a scale can make more new pods than there are to be", 1, map[int][]Input{
			0: {NeverReady{Image: "v1"}, deploy("v1", 3, Rolling("100%", "1"))},
			3: {NeverReady{Image: "v2"}, deploy("v2", 3, Rolling("100%", "1"))}, 5: {Scale{web, 10}}}),
		want: map[string]string{"4": "sizes=2,3", "5": "sizes=7,10 created=15 deleted=3"},
	},
	{
		Scenario: story("a resumed Deployment has its whole deadline again", 1, map[int][]Input{
			0: {NeverReady{Image: "v1"}, deploy("v1", 1, Deadline(4))}, 3: {Pause{web}}, 9: {Resume{web}}}),
		want: map[string]string{"3-8": "progressing=DeploymentPaused", "9-13": "progressing=DeploymentResumed", "14": "progressing=ProgressDeadlineExceeded"},
	},
	{
		Scenario: story("a deadline is over when it lies in the past", 1, map[int][]Input{
			0: {NeverReady{Image: "v1"}, deploy("v1", 1, Deadline(4))}, 9: {deploy("v2", 1, Deadline(4))}}),
		want: map[string]string{"0-4": "progressing=ReplicaSetUpdated", "5-8": "progressing=ProgressDeadlineExceeded", "12": "progressing=NewReplicaSetAvailable"},
	},
	{
		Scenario: story("a hash that is taken is counted as a collision", 1, map[int][]Input{
			0: {squat{deploy("v1", 1).Deployment}, deploy("v1", 1)}}),
		want: map[string]string{"0": "collisions=1 have=1 error created=1", "2": "avail=1 collisions=1"},
	},
	{
		Scenario: story("an annotation is a new generation that is copied and rolls nothing out", 1, map[int][]Input{
			0: {deploy("v1", 2)}, 4: {deploy("v1", 2, Annotated("team", "a"))}}),
		want: map[string]string{"3": "gen=1", "4": "gen=2 revs=1 quiet rev=1"},
	},
	{
		Scenario: story("minReadySeconds make no new ReplicaSet", 1, map[int][]Input{
			0: {deploy("v1", 2)}, 4: {deploy("v1", 2, ReadyFor(6))}}),
		want: map[string]string{"4": "revs=1 ready=2 avail=0 quiet progressing=NewReplicaSetAvailable available=MinimumReplicasUnavailable", "7": "avail=2"},
	},
	{
		Scenario: story("an orphaned ReplicaSet is adopted with its revision", 1, map[int][]Input{
			0: {deploy("v1", 2)}, 3: {deploy("v2", 2)}, 8: {Delete{web, metav1.DeletePropagationOrphan}}, 10: {deploy("v2", 2)}}),
		want: map[string]string{"8-9": "revs=1,2", "10": "revs=1,2 rev=2 quiet progressing=NewReplicaSetAvailable"},
	},
	{
		Scenario: with(story("a foreground deletion shows the pods that are on their way out", 1, map[int][]Input{
			0: {deploy("v1", 2)}, 4: {Delete{web, metav1.DeletePropagationForeground}}}), slow),
		want: map[string]string{"4": "gen=2 have=0 terminating=2 sizes=2", "6": "terminating=2", "7": "gen=0 sizes="},
	},
	{
		Scenario: with(story("unavailable counts pods that are still to be made", 0, map[int][]Input{0: {deploy("v1", 3)}}), Kubelet{Start: time.Minute}),
		want:     map[string]string{"0-15": "have=3 unavail=3 available=MinimumReplicasUnavailable"},
	},
}
