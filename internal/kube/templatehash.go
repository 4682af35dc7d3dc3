package kube

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation"
)

// TemplateHash returns the hash in the names and labels of ControllerRevisions and
// ReplicaSets (pkg/controller/controller_utils.go: ComputeHash): FNV-1a over a dump
// of the Go value, and so over the names of all fields that the type has in a release.
// The dump distinguishes nil from empty, so the template must be as DecodedTemplate
// returns it.
func TemplateHash(release Release, decoded *corev1.PodTemplateSpec, collisions *int32) string {
	h := fnv.New32a()
	d := templateDump{release: release.Rules()}
	d.value(reflect.ValueOf(*decoded), true)
	h.Write(d.Bytes())
	if collisions != nil {
		var b [8]byte
		binary.LittleEndian.PutUint32(b[:], uint32(*collisions))
		h.Write(b[:])
	}
	return rand.SafeEncodeString(fmt.Sprint(h.Sum32()))
}

// DecodedTemplate returns the template as a controller receives it, decoded from
// protobuf. A template that cannot be encoded is returned as it is.
func DecodedTemplate(template *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
	data, err := template.Marshal()
	if err != nil {
		return template
	}
	decoded := &corev1.PodTemplateSpec{}
	if err := decoded.Unmarshal(data); err != nil {
		return template
	}
	return decoded
}

// ReplicaSetName returns the name of a Deployment's ReplicaSet
// (pkg/controller/deployment/sync.go: getNewReplicaSet, generateReplicaSetName).
func ReplicaSetName(deployment, hash string) string {
	most := validation.DNS1123SubdomainMaxLength - len("-") - len(hash)
	return deployment[:min(len(deployment), most)] + "-" + hash
}
