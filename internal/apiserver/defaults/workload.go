package defaults

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berthsim/berth/internal/kube"
)

const defaultRevisionHistoryLimit int32 = 10

func defaultDaemonSet(ds *appsv1.DaemonSet) {
	strategy := &ds.Spec.UpdateStrategy
	defaultTo(&strategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
	if strategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		defaultPointer(&strategy.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
		defaultPointer(&strategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		defaultPointer(&strategy.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
	defaultPointer(&ds.Spec.RevisionHistoryLimit, defaultRevisionHistoryLimit)
	defaultPodSpec(&ds.Spec.Template.Spec)
}

func defaultDeployment(d *appsv1.Deployment) {
	strategy := &d.Spec.Strategy
	defaultTo(&strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		defaultPointer(&strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		defaultPointer(&strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		defaultPointer(&strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
	}
	defaultPointer(&d.Spec.Replicas, 1)
	defaultPointer(&d.Spec.RevisionHistoryLimit, defaultRevisionHistoryLimit)
	defaultPointer(&d.Spec.ProgressDeadlineSeconds, 600)
	defaultPodSpec(&d.Spec.Template.Spec)
}

func defaultReplicaSet(rs *appsv1.ReplicaSet) {
	defaultPointer(&rs.Spec.Replicas, 1)
	defaultPodSpec(&rs.Spec.Template.Spec)
}

func defaultStatefulSet(release kube.Release, s *appsv1.StatefulSet) {
	defaultTo(&s.Spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	defaultStatefulSetStrategy(release, &s.Spec.UpdateStrategy)
	defaultPointer(&s.Spec.PersistentVolumeClaimRetentionPolicy, appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{})
	retention := s.Spec.PersistentVolumeClaimRetentionPolicy
	defaultTo(&retention.WhenDeleted, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	defaultTo(&retention.WhenScaled, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	defaultPointer(&s.Spec.Replicas, 1)
	defaultPointer(&s.Spec.RevisionHistoryLimit, defaultRevisionHistoryLimit)
	defaultPodSpec(&s.Spec.Template.Spec)
	for i := range s.Spec.VolumeClaimTemplates {
		defaultClaim(&s.Spec.VolumeClaimTemplates[i])
	}
}

// defaultStatefulSetStrategy fills in the strategy. A strategy with only the type
// RollingUpdate stays as it is; only a strategy without a type gets the parameters
// of a rolling update. (The gate MaxUnavailableStatefulSet is on in 1.37.)
func defaultStatefulSetStrategy(release kube.Release, strategy *appsv1.StatefulSetUpdateStrategy) {
	if strategy.Type == "" {
		strategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		defaultPointer(&strategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	}
	if strategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && strategy.RollingUpdate != nil {
		defaultPointer(&strategy.RollingUpdate.Partition, 0)
		if release.Has(kube.StatefulSetUnavailable) {
			defaultPointer(&strategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		}
	}
}

func defaultClaim(claim *corev1.PersistentVolumeClaim) {
	defaultTo(&claim.Status.Phase, corev1.ClaimPending)
	defaultClaimSpec(&claim.Spec)
	roundUp(claim.Status.Capacity)
	roundUp(claim.Status.AllocatedResources)
}
