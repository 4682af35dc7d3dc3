package upstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	_ "unsafe" // for linkname

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/client-go/kubernetes/fake"
	policyclient "k8s.io/client-go/kubernetes/typed/policy/v1"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1conversion "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/policy"
	podstorage "k8s.io/kubernetes/pkg/registry/core/pod/storage"
)

//go:linkname newEvictionStorage k8s.io/kubernetes/pkg/registry/core/pod/storage.newEvictionStorage
func newEvictionStorage(store rest.StandardStorage, budgets policyclient.PodDisruptionBudgetsGetter) *podstorage.EvictionREST

// Evict calls the API server's eviction endpoint for a pod under budgets whose status
// the disruption controller has written. It returns the message and causes of a
// refusal, "" if the pod was deleted.
func Evict(pod *corev1.Pod, budgets ...*policyv1.PodDisruptionBudget) (refused string, err error) {
	store := &onePod{pod: &core.Pod{}}
	if err := corev1conversion.Convert_v1_Pod_To_core_Pod(pod.DeepCopy(), store.pod, nil); err != nil {
		return "", err
	}
	client := fake.NewClientset()
	for _, b := range budgets {
		if err := client.Tracker().Add(b.DeepCopy()); err != nil {
			return "", err
		}
	}
	eviction := &policy.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}}
	answer, err := newEvictionStorage(store, client.PolicyV1()).Create(context.Background(), pod.Name, eviction, nil, &metav1.CreateOptions{})
	if known := apierrors.APIStatus(nil); errors.As(err, &known) {
		words := []string{known.Status().Message}
		for _, cause := range known.Status().Details.Causes {
			words = append(words, cause.Message)
		}
		return strings.Join(words, " "), nil
	}
	if err != nil {
		return "", err
	}
	switch status := answer.(*metav1.Status); {
	case status.Status != metav1.StatusSuccess:
		return status.Message, nil
	case !store.deleted:
		return "", fmt.Errorf("granted, and nothing was deleted")
	}
	return "", nil
}

// onePod is a store of which no more is asked than eviction does.
type onePod struct {
	rest.StandardStorage
	pod     *core.Pod
	deleted bool
}

func (s *onePod) Get(context.Context, string, *metav1.GetOptions) (runtime.Object, error) {
	return s.pod.DeepCopy(), nil
}

func (s *onePod) Update(ctx context.Context, _ string, update rest.UpdatedObjectInfo, _ rest.ValidateObjectFunc, _ rest.ValidateObjectUpdateFunc, _ bool, _ *metav1.UpdateOptions) (runtime.Object, bool, error) {
	updated, err := update.UpdatedObject(ctx, s.pod.DeepCopy())
	return updated, false, err
}

func (s *onePod) Delete(context.Context, string, rest.ValidateObjectFunc, *metav1.DeleteOptions) (runtime.Object, bool, error) {
	s.deleted = true
	return s.pod, true, nil
}

var _ rest.StandardStorage = &onePod{}
