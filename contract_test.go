package berth_test

import (
	"io"
	"iter"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/placement"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/dryrun"
)

// The names that outside programs compile against. This file does not run: it
// stops compiling where a name or a signature of the contract changes.

var (
	_ = cluster.Manifest{
		Nodes: []*corev1.Node{}, Pods: []*corev1.Pod{}, Namespaces: []*corev1.Namespace{},
		DaemonSets: []*appsv1.DaemonSet{}, ControllerRevisions: []*appsv1.ControllerRevision{},
		Deployments: []*appsv1.Deployment{}, ReplicaSets: []*appsv1.ReplicaSet{}, StatefulSets: []*appsv1.StatefulSet{}, Services: []*corev1.Service{},
		PodDisruptionBudgets: []*policyv1.PodDisruptionBudget{}, PriorityClasses: []*schedulingv1.PriorityClass{},
		ServiceAccounts: []*corev1.ServiceAccount{}, LimitRanges: []*corev1.LimitRange{}, ResourceQuotas: []*corev1.ResourceQuota{},
		RuntimeClasses: []*nodev1.RuntimeClass{},
		Version:        cluster.Latest, Skipped: []cluster.ManifestError{}, Warnings: []cluster.ManifestError{},
	}
	_ func(io.Reader, ...cluster.ReadOption) (*cluster.Manifest, error)                      = cluster.ReadManifest
	_ func([]string, ...cluster.ReadOption) (*cluster.Manifest, error)                       = cluster.ReadFiles
	_ []cluster.ReadOption                                                                   = []cluster.ReadOption{cluster.Strict(), cluster.SkipInvalid()}
	_ func(*cluster.Manifest, io.Writer) error                                               = (*cluster.Manifest).WriteYAML
	_ func(*cluster.Manifest) (*cluster.Cluster, error)                                      = (*cluster.Manifest).Cluster
	_ func(*corev1.Node) *corev1.Node                                                        = cluster.Default[*corev1.Node]
	_ func(runtime.Object) field.ErrorList                                                   = cluster.Validate
	_ func(...runtime.Object) (*cluster.Cluster, error)                                      = cluster.New
	_ func(*cluster.Cluster, ...runtime.Object) (*cluster.Cluster, error)                    = (*cluster.Cluster).With
	_ func(*cluster.Cluster, ...runtime.Object) (*cluster.Cluster, error)                    = (*cluster.Cluster).Without
	_ func(*cluster.Cluster, string, ...cluster.NodeEdit) (*cluster.Cluster, error)          = (*cluster.Cluster).Edit
	_ func(*cluster.Cluster, cluster.NodeSet, ...cluster.NodeEdit) (*cluster.Cluster, error) = (*cluster.Cluster).EditAll
	_ func(*cluster.Cluster, string) (*corev1.Node, bool)                                    = (*cluster.Cluster).Node
	_ func(*cluster.Cluster) cluster.NodeSet                                                 = (*cluster.Cluster).Nodes
	_ func(*cluster.Cluster, string) (cluster.NodeSet, error)                                = (*cluster.Cluster).Select
	_ func(*cluster.Cluster, string) (cluster.NodeSet, error)                                = (*cluster.Cluster).Tainted
	_                                                                                        = [](func(*cluster.Cluster, string) error){(*cluster.Cluster).CheckSelector, (*cluster.Cluster).CheckTaint}
	_                                                                                        = [](func(*cluster.Cluster) cluster.Version){(*cluster.Cluster).Version}
	_ func(*cluster.Cluster, cluster.Version) (*cluster.Cluster, error)                      = (*cluster.Cluster).WithVersion
	_ func(cluster.Version, runtime.Object) field.ErrorList                                  = cluster.Version.Validate
	_ func(cluster.Version, runtime.Object) runtime.Object                                   = cluster.Version.Default
	_ func(string, string) cluster.NodeEdit                                                  = cluster.Label
	_                                                                                        = [](func(string) cluster.NodeEdit){cluster.Unlabel, cluster.Taint, cluster.Untaint}
	_                                                                                        = [](func() cluster.NodeEdit){cluster.Cordon, cluster.Uncordon, cluster.Ready, cluster.NotReady}
	_ func(cluster.NodeSet) int                                                              = cluster.NodeSet.Len
	_ func(cluster.NodeSet, string) bool                                                     = cluster.NodeSet.Has
	_ func(cluster.NodeSet) iter.Seq[*corev1.Node]                                           = cluster.NodeSet.All
	_ func(cluster.NodeSet) []string                                                         = cluster.NodeSet.Names
	_                                                                                        = [](func(cluster.NodeSet, cluster.NodeSet) cluster.NodeSet){cluster.NodeSet.And, cluster.NodeSet.Or, cluster.NodeSet.Minus}
)

var (
	_ func(*appsv1.DaemonSet, ...placement.Option) (*placement.Workload, error) = placement.ForDaemonSet
	_ func(*corev1.Pod, ...placement.Option) (*placement.Workload, error)       = placement.ForPod
	_ func() placement.Option                                                   = placement.Unvalidated
	_ func(*placement.Workload, *corev1.Node) placement.Verdict                 = (*placement.Workload).Check
	_ func(*placement.Workload, *cluster.Cluster) *placement.Prediction         = (*placement.Workload).Predict
	_                                                                           = []placement.Decision{placement.Excluded, placement.Kept, placement.Pending, placement.Eligible, placement.Placed}
	_                                                                           = placement.Verdict{Node: "", Decision: placement.Placed, Reasons: []placement.FilterReason{{Plugin: "", Message: ""}}}
	_                                                                           = [](func(*placement.Prediction) cluster.NodeSet){
		(*placement.Prediction).Eligible, (*placement.Prediction).Placed, (*placement.Prediction).Pending,
		(*placement.Prediction).Kept, (*placement.Prediction).Excluded,
	}
	_ func(*placement.Prediction, string) (placement.Verdict, bool) = (*placement.Prediction).Verdict
	_ func(*placement.Prediction) iter.Seq[placement.Verdict]       = (*placement.Prediction).Verdicts
	_ func(*placement.Prediction) string                            = (*placement.Prediction).String
	_ func(*placement.Prediction) (*corev1.Pod, error)              = (*placement.Prediction).Admitted
	_ func(plugins ...string) placement.Option                      = placement.WithoutAdmission
	_ func(*placement.Prediction) []placement.NodeScore             = (*placement.Prediction).Ranking
	_ func(before, after *placement.Prediction) placement.Changes   = placement.Diff
	_                                                               = placement.NodeScore{Node: "", Total: int64(0)}
)

var (
	_ = rollout.Config{
		Tick: time.Second, Start: time.Time{}, Seed: 1, Order: rollout.OrderByName,
		Kubelet: rollout.Kubelet{Start: 1, Ready: 1, Stop: 1, Timings: []rollout.Timing{{Nodes: []string{}, Image: "", Start: 1, Ready: 1, Stop: 1}}},
		PodGC:   time.Second, NodeGrace: time.Second, Instant: true,
		ControllerManager: rollout.ControllerManager{
			NodeMonitorPeriod: time.Second, NodeStartupGracePeriod: time.Second, NodeEvictionRate: 0.1, SecondaryNodeEvictionRate: 0.01,
			UnhealthyZoneThreshold: 0.55, LargeClusterSizeThreshold: 50,
		},
	}
	_                                                                   = []rollout.Order{rollout.OrderByName, rollout.OrderSeeded}
	_ func(*cluster.Cluster, rollout.Config) (*rollout.Sim, error)      = rollout.New
	_ func(*rollout.Sim, ...rollout.Input) error                        = (*rollout.Sim).Inject
	_ func(*rollout.Sim, int, ...rollout.Input) error                   = (*rollout.Sim).At
	_ func(*rollout.Sim, runtime.Object) error                          = (*rollout.Sim).Apply
	_ func(*rollout.Sim) []rollout.Event                                = (*rollout.Sim).Tick
	_ func(*rollout.Sim, int) iter.Seq[[]rollout.Event]                 = (*rollout.Sim).Run
	_ func(*rollout.Sim, int) (refused []rollout.Event)                 = (*rollout.Sim).Advance
	_ func(*rollout.Sim, int) (refused []rollout.Event, err error)      = (*rollout.Sim).Settle
	_ func(*rollout.Sim) int                                            = (*rollout.Sim).Now
	_ func(*rollout.Sim, string) rollout.State                          = (*rollout.Sim).State
	_ func(*rollout.Sim) bool                                           = (*rollout.Sim).Settled
	_ func(*rollout.Sim) *cluster.Cluster                               = (*rollout.Sim).Cluster
	_ func(*rollout.Sim) []string                                       = (*rollout.Sim).Keys
	_ func(*rollout.Sim, string) (runtime.Object, error)                = (*rollout.Sim).Object
	_ func(*rollout.Sim, string) ([]rollout.Revision, error)            = (*rollout.Sim).History
	_ func(*rollout.Sim, string) ([]rollout.Pod, error)                 = (*rollout.Sim).Pods
	_ func(*rollout.Sim, string) ([]diagnosis.Wait, error)              = diagnosis.Waiting
	_ func(*rollout.Sim, string) (message string, done bool, err error) = (*rollout.Sim).RolloutStatus
	_ func(*rollout.Sim) *rollout.Sim                                   = (*rollout.Sim).Fork
	_ func(*rollout.Sim, string) (*diagnosis.Diagnosis, error)          = diagnosis.Diagnose
	_ func(*rollout.Sim, string) (*diagnosis.Diagnosis, error)          = diagnosis.DiagnoseDrain
	_                                                                   = diagnosis.Remedy{Kind: diagnosis.RemedyUndo, Description: "", Inputs: []rollout.Input{}, Ticks: 0}
	_                                                                   = rollout.Event{Tick: 0, Kind: rollout.EventCreated, Key: "", Node: "", Pod: "", Revision: 1, Reason: rollout.ReasonMissing, Used: 1, Limit: 1, Detail: ""}
	_                                                                   = []rollout.EventKind{rollout.EventCreated, rollout.EventDeleted}
	_                                                                   = diagnosis.Wait{Node: "", Blocker: diagnosis.BlockerQueued, Until: 0, BlockedBy: []string{}}
	_                                                                   = []rollout.Input{
		rollout.Apply{Object: nil, Unvalidated: false}, rollout.Scale{Key: "", Replicas: 0}, rollout.Pause{Key: ""}, rollout.Resume{Key: ""}, rollout.Undo{Key: "", Revision: 0}, rollout.Delete{Key: ""},
		rollout.ApplyNode{Node: nil}, rollout.RemoveNode{Node: ""}, rollout.EditNode{Node: "", Edits: nil},
		rollout.PodsNotReady{Node: ""}, rollout.PodsReady{Node: ""}, rollout.NodeNotReady{Node: "", Why: rollout.NotReadyNetwork}, rollout.NodeReady{Node: ""},
		rollout.NodeDown{Node: ""}, rollout.NodeReady{Node: ""}, rollout.FailPods{Node: ""}, rollout.DeletePods{Node: ""},
		rollout.NeverReady{Image: "", Nodes: nil}, rollout.StuckTerminating{Node: ""},
	}
)

var (
	_ func(*cluster.Cluster, ...dryrun.Edit) (*dryrun.Plan, error)                                       = dryrun.New
	_ func(*cluster.Cluster, dryrun.Config) (*dryrun.Baseline, error)                                    = dryrun.NewBaseline
	_ func(*cluster.Cluster, dryrun.Config) (dryrun.Findings, error)                                     = dryrun.Inspect
	_ func(*cluster.Cluster, cluster.Version, dryrun.Config, ...runtime.Object) (dryrun.Findings, error) = dryrun.Upgrade
	_                                                                                                    = dryrun.Config{Rollout: rollout.Config{}, Limit: time.Hour, Settle: true}
	_ func(*dryrun.Baseline, ...dryrun.Edit) (*dryrun.Plan, error)                                       = (*dryrun.Baseline).Plan
	_                                                                                                    = [](func(...runtime.Object) dryrun.Edit){dryrun.Apply, dryrun.Delete}
	_ func(cluster.NodeSet, ...cluster.NodeEdit) dryrun.Edit                                             = dryrun.EditNodes
	_ func(cluster.NodeSet) dryrun.Edit                                                                  = dryrun.RemoveNodes
	_ func(...rollout.Input) dryrun.Edit                                                                 = dryrun.Inputs
	_                                                                                                    = [](func(cluster.NodeSet) dryrun.Policy){dryrun.Covers, dryrun.Avoids, dryrun.ExactlyOne}
	_ func(amount, topologyKey string, of cluster.NodeSet) dryrun.Policy                                 = dryrun.AtLeast
	_ func(time.Duration, string) dryrun.Policy                                                          = dryrun.Within
	_ func(string, func(dryrun.Effect) []dryrun.Violation) dryrun.Policy                                 = dryrun.Custom
	_ func(*dryrun.Plan, ...dryrun.Policy) dryrun.Report                                                 = (*dryrun.Plan).Check
	_ func(dryrun.Report) error                                                                          = dryrun.Report.Err
	_ func(*dryrun.Plan, *cluster.Cluster) error                                                         = (*dryrun.Plan).Stale
	_ func(dryrun.Record, *cluster.Cluster, ...dryrun.Edit) error                                        = dryrun.Record.Stale
)
