package upstream

import (
	"context"
	"sync"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	clientgotesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/tainteviction"
)

// NodeChange is a change of a node some time after the start; a nil node is removed.
type NodeChange struct {
	At   time.Duration
	Name string
	Node *corev1.Node
}

// TaintEvictions runs the taint eviction controller over pods while nodes are added,
// changed and removed, ascending in time. It returns how long after the start each pod
// was deleted. Call it in a bubble of testing/synctest, where it takes no time.
func TaintEvictions(pods []*corev1.Pod, changes []NodeChange, end time.Duration) (map[string]time.Duration, error) {
	ctx, stop := context.WithCancel(klog.NewContext(context.Background(), logr.Discard()))
	defer synctest.Wait()
	defer stop()
	client := fake.NewClientset()
	for _, p := range pods {
		if err := client.Tracker().Add(p.DeepCopy()); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	var mu sync.Mutex
	evicted := map[string]time.Duration{}
	client.PrependReactor("delete", "pods", func(a clientgotesting.Action) (bool, runtime.Object, error) {
		mu.Lock()
		defer mu.Unlock()
		evicted[a.(clientgotesting.DeleteAction).GetName()] = time.Since(start)
		return false, nil, nil
	})

	f := informers.NewSharedInformerFactory(client, 0)
	err := f.Core().V1().Pods().Informer().AddIndexers(cache.Indexers{"spec.nodeName": func(o any) ([]string, error) {
		return []string{o.(*corev1.Pod).Spec.NodeName}, nil
	}})
	if err != nil {
		return nil, err
	}
	controller, err := tainteviction.New(ctx, client, f.Core().V1().Pods(), f.Core().V1().Nodes(), "taint-eviction-controller")
	if err != nil {
		return nil, err
	}
	f.StartWithContext(ctx)
	defer f.Shutdown()
	defer stop()
	go controller.Run(ctx)
	synctest.Wait()
	for _, c := range changes {
		time.Sleep(time.Until(start.Add(c.At)))
		if err := c.apply(ctx, client.CoreV1().Nodes()); err != nil {
			return nil, err
		}
		synctest.Wait()
	}
	time.Sleep(time.Until(start.Add(end)))
	synctest.Wait()
	return evicted, nil
}

func (c *NodeChange) apply(ctx context.Context, nodes corev1client.NodeInterface) error {
	if c.Node == nil {
		return nodes.Delete(ctx, c.Name, metav1.DeleteOptions{})
	}
	_, err := nodes.Update(ctx, c.Node, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = nodes.Create(ctx, c.Node, metav1.CreateOptions{})
	}
	return err
}
