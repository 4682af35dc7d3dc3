package controllers

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// The pod that comes of a template: pinned to its node, whatever affinity it
// asked for, with six tolerations, seven with hostNetwork.
func TestThePodOfATemplate(t *testing.T) {
	asks := func(ds *appsv1.DaemonSet) {
		ds.Spec.Template.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: required(corev1.NodeSelectorTerm{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "disk", Operator: corev1.NodeSelectorOpExists}}}),
		}}
	}
	hostNetwork := func(ds *appsv1.DaemonSet) { ds.Spec.Template.Spec.HostNetwork = true }
	w, err := newWorld(Scenario{Nodes: Nodes(1, "label disk=ssd")}, ByName)
	if err != nil {
		t.Fatal(err)
	}
	defer w.controller.stop()
	if _, err := w.tick(0, []Input{
		Apply{DaemonSet: DaemonSet("a", "v1", asks)},
		Apply{DaemonSet: DaemonSet("b", "v1", hostNetwork)},
	}); err != nil {
		t.Fatal(err)
	}
	pods := w.pods.list()
	if len(pods) != 2 {
		t.Fatalf("%d pods, want 2", len(pods))
	}
	if got := len(pods[0].Spec.Tolerations); got != 6 {
		t.Errorf("%d tolerations, want 6", got)
	}
	if got := len(pods[1].Spec.Tolerations); got != 7 {
		t.Errorf("%d tolerations with hostNetwork, want 7", got)
	}
	terms := pods[0].Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	if len(terms) != 1 || len(terms[0].MatchExpressions) != 0 || len(terms[0].MatchFields) != 1 || terms[0].MatchFields[0].Values[0] != "n1" {
		t.Errorf("terms %v, want one that names n1", terms)
	}
	if pods[0].Labels["pod-template-generation"] != "1" {
		t.Errorf("labels %v, want pod-template-generation", pods[0].Labels)
	}
}

func required(terms ...corev1.NodeSelectorTerm) *corev1.NodeSelector {
	return &corev1.NodeSelector{NodeSelectorTerms: terms}
}
