package defaults

import (
	corev1 "k8s.io/api/core/v1"
)

// defaultVolume makes a volume without a source an emptyDir. Otherwise it fills in
// the source (or, unvalidated, all its sources).
func defaultVolume(volume *corev1.Volume) {
	source := &volume.VolumeSource
	if *source == (corev1.VolumeSource{}) {
		source.EmptyDir = &corev1.EmptyDirVolumeSource{}
	}
	if image := source.Image; image != nil && image.PullPolicy == "" {
		image.PullPolicy = pullPolicy(image.Reference)
	}
	if path := source.HostPath; path != nil {
		defaultPointer(&path.Type, corev1.HostPathUnset)
	}
	if claim := source.Ephemeral; claim != nil && claim.VolumeClaimTemplate != nil {
		defaultClaimSpec(&claim.VolumeClaimTemplate.Spec)
	}
	defaultFiles(source)
	defaultDisks(source)
}

// defaultFiles fills in volumes that hold files made from API objects.
func defaultFiles(source *corev1.VolumeSource) {
	if secret := source.Secret; secret != nil {
		defaultPointer(&secret.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
	}
	if configMap := source.ConfigMap; configMap != nil {
		defaultPointer(&configMap.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
	}
	if downward := source.DownwardAPI; downward != nil {
		defaultPointer(&downward.DefaultMode, corev1.DownwardAPIVolumeSourceDefaultMode)
		defaultDownwardFiles(downward.Items)
	}
	if projected := source.Projected; projected != nil {
		defaultPointer(&projected.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
		for _, projection := range projected.Sources {
			defaultProjection(projection)
		}
	}
}

func defaultProjection(projection corev1.VolumeProjection) {
	if projection.DownwardAPI != nil {
		defaultDownwardFiles(projection.DownwardAPI.Items)
	}
	if token := projection.ServiceAccountToken; token != nil {
		defaultPointer(&token.ExpirationSeconds, 60*60)
	}
}

func defaultDownwardFiles(files []corev1.DownwardAPIVolumeFile) {
	for _, file := range files {
		defaultFieldRef(file.FieldRef)
	}
}

// defaultDisks fills in volumes of storage systems.
func defaultDisks(source *corev1.VolumeSource) {
	if iscsi := source.ISCSI; iscsi != nil {
		defaultTo(&iscsi.ISCSIInterface, "default")
	}
	if rbd := source.RBD; rbd != nil {
		defaultTo(&rbd.RBDPool, "rbd")
		defaultTo(&rbd.RadosUser, "admin")
		defaultTo(&rbd.Keyring, "/etc/ceph/keyring")
	}
	if disk := source.AzureDisk; disk != nil {
		defaultPointer(&disk.CachingMode, corev1.AzureDataDiskCachingReadWrite)
		defaultPointer(&disk.FSType, "ext4")
		defaultPointer(&disk.ReadOnly, false)
		defaultPointer(&disk.Kind, corev1.AzureSharedBlobDisk)
	}
	if scaleIO := source.ScaleIO; scaleIO != nil {
		defaultTo(&scaleIO.StorageMode, "ThinProvisioned")
		defaultTo(&scaleIO.FSType, "xfs")
	}
}

func defaultClaimSpec(spec *corev1.PersistentVolumeClaimSpec) {
	defaultPointer(&spec.VolumeMode, corev1.PersistentVolumeFilesystem)
	roundUp(spec.Resources.Limits)
	roundUp(spec.Resources.Requests)
}
