package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	"pgregory.net/rapid"
)

// Tests of diagnoses draw the same scenarios as the tests of this package. They
// are in package rollout_test, since rollout/diagnosis imports this one.

type (
	Failer      = failer
	Story       = story
	DeployStory = deployStory
)

const (
	Mixed        = mixed
	DrainedNodes = drained
)

var (
	Lines, Stepped, Unequal                   = lines, stepped, unequal
	Fleet, FleetSet, WebDeployment, SmallNode = fleet, fleetSet, webDeployment, smallNode
	SameInputs                                = sameInputs
	DaemonSetKeys, DeploymentKeys             = daemonSetKeys, deploymentKeys
	ShownPods, ReplicaSetsOf                  = shownPods, replicaSetsOf
	DaemonSetStatus, DeploymentStatus         = daemonSetStatus, deploymentStatus
	Diagnosed, DrainDiagnosed, WaitingFor     func(s *Sim, of string) string // set by diagnosis_test.go
)

func Stories(m mood) *rapid.Generator[*Story] { return stories(m) }

func DeployStories() *rapid.Generator[*DeployStory] { return deployStories(false) }

func (y *story) Sim(t failer) *Sim       { return y.sim(t) }
func (y *deployStory) Sim(t failer) *Sim { return y.sim(t) }

func (y *story) Ticks() int               { return y.ticks }
func (y *story) Sets() []appsv1.DaemonSet { return y.sets }
