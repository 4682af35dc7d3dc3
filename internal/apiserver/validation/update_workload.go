package validation

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// updateDaemonSet follows the API server (pkg/registry/apps/daemonset/strategy.go:
// daemonSetStrategy.PrepareForUpdate, daemonSetStrategy.ValidateUpdate;
// pkg/apis/apps/validation/validation.go: ValidateDaemonSetUpdate).
func updateDaemonSet(root fieldErrors, ds, old *appsv1.DaemonSet) {
	ds.Status = old.Status
	fillShares(ds.Spec.UpdateStrategy.RollingUpdate)
	fillShares(old.Spec.UpdateStrategy.RollingUpdate)
	countTemplate(ds, old)
	if differ(ds.Spec, old.Spec) {
		ds.Generation++
	}
	checkCoreMetaUpdate(root.child("metadata"), &ds.ObjectMeta, &old.ObjectMeta, namespaced)
	at := root.child("spec")
	checkDaemonSetSpec(at, &ds.Spec)
	checkImmutable(at.child("selector"), ds.Spec.Selector, old.Spec.Selector)
}

// fillShares sets absent numbers to 0, as the server's conversion does
// (pkg/apis/apps/v1/zz_generated.conversion.go:
// Convert_v1_RollingUpdateDaemonSet_To_apps_RollingUpdateDaemonSet). The defaults of
// a rolling update are filled in before.
func fillShares(update *appsv1.RollingUpdateDaemonSet) {
	if update == nil {
		return
	}
	unavailable, surge := orZero(update.MaxUnavailable), orZero(update.MaxSurge)
	update.MaxUnavailable, update.MaxSurge = &unavailable, &surge
}

// countTemplate keeps the annotation that replaces spec.templateGeneration, a field
// that apps/v1 no longer has (pkg/apis/apps/v1/conversion.go:
// Convert_v1_DaemonSet_To_apps_DaemonSet). It counts the changes of the template.
func countTemplate(ds, old *appsv1.DaemonSet) {
	delete(ds.Annotations, appsv1.DeprecatedTemplateGeneration)
	count, err := strconv.ParseInt(old.Annotations[appsv1.DeprecatedTemplateGeneration], 10, 64)
	if err != nil {
		return // a manifest that no server has stored
	}
	if differ(ds.Spec.Template, old.Spec.Template) {
		count++
	}
	if ds.Annotations == nil {
		ds.Annotations = map[string]string{}
	}
	ds.Annotations[appsv1.DeprecatedTemplateGeneration] = strconv.FormatInt(count, 10)
}

// updateDeployment follows the API server (pkg/registry/apps/deployment/strategy.go:
// deploymentStrategy.PrepareForUpdate, deploymentStrategy.ValidateUpdate). A change
// of annotations also increases the generation, because ReplicaSets get them.
func updateDeployment(root fieldErrors, d, old *appsv1.Deployment) {
	d.Status = old.Status
	if differ(d.Spec, old.Spec) || differ(d.Annotations, old.Annotations) {
		d.Generation++
	}
	checkCoreMetaUpdate(root.child("metadata"), &d.ObjectMeta, &old.ObjectMeta, namespaced)
	at := root.child("spec")
	checkDeploymentSpec(at, &d.Spec)
	checkImmutable(at.child("selector"), d.Spec.Selector, old.Spec.Selector)
}

// updateReplicaSet follows the API server (pkg/registry/apps/replicaset/strategy.go:
// rsStrategy.PrepareForUpdate, rsStrategy.ValidateUpdate).
func updateReplicaSet(root fieldErrors, rs, old *appsv1.ReplicaSet) {
	rs.Status = old.Status
	if differ(rs.Spec, old.Spec) {
		rs.Generation++
	}
	checkCoreMetaUpdate(root.child("metadata"), &rs.ObjectMeta, &old.ObjectMeta, namespaced)
	at := root.child("spec")
	checkReplicaSetSpec(at, &rs.Spec)
	checkImmutable(at.child("selector"), rs.Spec.Selector, old.Spec.Selector)
}

// updateStatefulSet follows the API server
// (pkg/registry/apps/statefulset/strategy.go: statefulSetStrategy.PrepareForUpdate,
// statefulSetStrategy.ValidateUpdate; pkg/apis/apps/validation/validation.go:
// ValidateStatefulSetUpdate).
func updateStatefulSet(root fieldErrors, sts, old *appsv1.StatefulSet) {
	sts.Status = old.Status
	nameKinds(sts.Spec.VolumeClaimTemplates)
	nameKinds(old.Spec.VolumeClaimTemplates)
	if differ(sts.Spec, old.Spec) {
		sts.Generation++
	}
	checkCoreMetaUpdate(root.child("metadata"), &sts.ObjectMeta, &old.ObjectMeta, namespaced)
	at := root.child("spec")
	checkStatefulSetSpec(at, &sts.Spec)
	checkImmutable(at.child("selector"), sts.Spec.Selector, old.Spec.Selector)
	checkImmutable(at.child("volumeClaimTemplates"), sts.Spec.VolumeClaimTemplates, old.Spec.VolumeClaimTemplates)
	checkImmutable(at.child("serviceName"), sts.Spec.ServiceName, old.Spec.ServiceName)
	checkImmutable(at.child("podManagementPolicy"), sts.Spec.PodManagementPolicy, old.Spec.PodManagementPolicy)
}

// nameKinds follows the API server (pkg/apis/apps/v1/conversion.go:
// Convert_apps_StatefulSetSpec_To_v1_StatefulSetSpec).
func nameKinds(claims []corev1.PersistentVolumeClaim) {
	for i := range claims {
		claims[i].TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
	}
}

// updateControllerRevision follows the API server
// (pkg/apis/apps/validation/validation.go: ValidateControllerRevisionUpdate): the
// revision number may change, the data may not.
func updateControllerRevision(root fieldErrors, revision, old *appsv1.ControllerRevision) {
	meta := root.child("metadata")
	checkCoreMetaUpdate(meta, &revision.ObjectMeta, &old.ObjectMeta, namespaced)
	checkNameAs(meta, &revision.ObjectMeta, apivalidation.NameIsDNSSubdomain)
	checkNotNegative(root.child("revision"), revision.Revision)
	checkImmutable(root.child("data"), revision.Data, old.Data)
}
