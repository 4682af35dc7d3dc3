package controllers

import (
	"cmp"
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	controllerutil "k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/replicaset"
)

// InVirtualTime runs f where time.Now is the simulation's: a bubble of
// testing/synctest, in which it stands still until a tick sleeps. The Deployment
// and ReplicaSet controllers ask time.Now all over (conditions, deadlines, the age
// of pods), so a scenario with Deployments is to be played inside. What f does to
// fail must wait until it is back.
func InVirtualTime(t *testing.T, f func()) {
	synctest.Test(t, func(*testing.T) { f() })
}

// sleepUntil lets the time of a bubble pass. Outside of one it is later already.
func sleepUntil(now time.Time) {
	if d := time.Until(now); d > 0 {
		time.Sleep(d)
	}
}

// deployer is the real DeploymentController and the ReplicaSetController with it.
type deployer struct {
	client           *client
	ctx              context.Context
	syncDeployment   syncer
	syncReplicaSet   syncer
	stop             func()
	spent            time.Duration // inside of syncs
	syncs            int
	deploymentErrors map[string]string // how the last sync of a Deployment failed, if it did
}

// syncer is what a worker calls with a key from the queue.
type syncer func(ctx context.Context, key string) error

// newDeployer makes the controllers as kube-controller-manager does
// (cmd/kube-controller-manager/app/apps.go: newDeploymentController,
// newReplicaSetController).
func newDeployer(s *server, c *client) (*deployer, error) {
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), logr.Discard()))
	d := &deployer{client: c, ctx: ctx, deploymentErrors: map[string]string{}}
	sets := replicaSetInformer{informerOf(s.replicaSets)}
	pods := podInformer{informerOf(s.pods)}
	rsc := replicaset.NewReplicaSetController(ctx, sets, pods, c, replicaset.BurstReplicas)
	dc, err := deployment.NewDeploymentController(ctx, deploymentInformer{informerOf(s.deployments)}, sets, pods, c)
	if err != nil {
		cancel()
		return nil, err
	}
	d.syncDeployment, d.syncReplicaSet = handlerOf(dc), handlerOf(rsc)
	virtual := time.Now().Equal(s.now)
	d.stop = func() {
		cancel()
		dc.Run(ctx, 0) // returns at once, and shuts the queue down
		rsc.Run(ctx, 0)
		if virtual {
			time.Sleep(time.Minute) // until the last goroutine has noticed
		}
	}
	return d, nil
}

// handlerOf is the field syncHandler of a controller. Nothing exported reaches it
// without a goroutine.
func handlerOf(controller any) syncer {
	field := reflect.ValueOf(controller).Elem().FieldByName("syncHandler")
	return *(*func(context.Context, string) error)(unsafe.Pointer(field.UnsafeAddr()))
}

// sync calls one of the two and takes what it wrote.
func (d *deployer) sync(by syncer, key string) ([]write, error) {
	start := time.Now()
	err := by(d.ctx, key)
	d.spent += time.Since(start)
	d.syncs++
	return d.client.take(), err
}

// deploy syncs every Deployment and then every ReplicaSet once.
func (w *world) deploy(tick *ticking) (changed bool, err error) {
	for _, d := range w.deployments.list() {
		writes, failed := w.deployer.sync(w.deployer.syncDeployment, key(d))
		changed = changed || len(writes) > 0
		w.noteDeploy(tick, key(d), failed)
		if err := w.commit(writes); err != nil {
			return changed, err
		}
	}
	for _, rs := range w.replicaSets.list() {
		if w.controller.options.Choices != nil {
			w.lineUp(rs)
		}
		writes, failed := w.deployer.sync(w.deployer.syncReplicaSet, key(rs))
		changed = changed || len(writes) > 0
		w.nameReplicas(key(rs), writes)
		w.noteReplicas(tick, rs, writes, failed)
		if err := w.commit(writes); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// lineUp puts the ReplicaSet's pods into the order in which the controller sorts them
// for a deletion, and pods that no rule orders into the chosen order. The controller's
// sort keeps what is sorted, but is not stable beyond twelve pods: it would reorder
// equal pods.
//
// Its order is not transitive: of two pods that no rule orders, one may precede a third
// pod and the other follow it. Then the order of the remaining pods matters too. Nothing
// specifies it, and any order that leads to these deletions is accepted.
func (w *world) lineUp(rs *appsv1.ReplicaSet) {
	pods := slices.DeleteFunc(w.podsOf(rs), func(p *corev1.Pod) bool { return !controllerutil.IsPodActive(p) })
	turn := func(p *corev1.Pod) int { return w.controller.options.Choices.Turn(p.Name) }
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int { return cmp.Compare(turn(a), turn(b)) })
	w.line, w.otherwise = w.places(rs, pods), w.places(rs, neverRestarted(pods))
	gone := len(pods) - int(*rs.Spec.Replicas)
	if gone <= 0 {
		return
	}
	stays := func(p *corev1.Pod) bool { return w.line[p.UID] >= gone }
	random := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		if !slices.ContainsFunc(pods[:gone], stays) {
			return
		}
		random.Shuffle(len(pods)-gone, func(i, j int) { pods[gone+i], pods[gone+j] = pods[gone+j], pods[gone+i] })
		w.line = w.places(rs, pods)
	}
}

// places returns the position of each pod among equal ones when they are sorted for a
// deletion.
func (w *world) places(rs *appsv1.ReplicaSet, pods []*corev1.Pod) map[types.UID]int {
	pods = slices.Clone(pods)
	sort.Stable(controllerutil.ActivePodsWithRanks{Pods: pods, Rank: w.together(rs, pods), Now: metav1.NewTime(w.now)})
	places := map[types.UID]int{}
	for i, p := range pods {
		places[p.UID] = i
	}
	return places
}

func neverRestarted(pods []*corev1.Pod) (others []*corev1.Pod) {
	for _, p := range pods {
		p = p.DeepCopy()
		p.Status.ContainerStatuses, p.Status.InitContainerStatuses = nil, nil
		others = append(others, p)
	}
	return others
}

// byRestarts reports whether the ReplicaSet would have deleted other pods if no container
// had been restarted.
func (w *world) byRestarts(rs *appsv1.ReplicaSet, deleted []string) bool {
	active := slices.DeleteFunc(w.podsOf(rs), func(p *corev1.Pod) bool { return !controllerutil.IsPodActive(p) })
	slices.SortFunc(active, func(a, b *corev1.Pod) int { return cmp.Compare(w.otherwise[a.UID], w.otherwise[b.UID]) })
	return slices.ContainsFunc(active[:min(len(deleted), len(active))], func(p *corev1.Pod) bool { return !slices.Contains(deleted, p.Name) })
}

// together counts for each pod the active pods on its node, of all ReplicaSets of
// the Deployment.
func (w *world) together(rs *appsv1.ReplicaSet, pods []*corev1.Pod) []int {
	on, ranks := map[string]int{}, make([]int, len(pods))
	owner := metav1.GetControllerOf(rs)
	for _, other := range w.replicaSets.list() {
		if o := metav1.GetControllerOf(other); owner != nil && o != nil && o.UID == owner.UID {
			for _, p := range w.podsOf(other) {
				if controllerutil.IsPodActive(p) {
					on[p.Spec.NodeName]++
				}
			}
		}
	}
	for i, p := range pods {
		ranks[i] = on[p.Spec.NodeName]
	}
	return ranks
}

// inLine is the order of pods in the controllers' cache.
func (w *world) inLine(objects []any) {
	sortByKey(objects)
	slices.SortStableFunc(objects, func(a, b any) int {
		return cmp.Compare(w.line[a.(*corev1.Pod).UID], w.line[b.(*corev1.Pod).UID])
	})
}

// nameReplicas sets the chosen names and UIDs of new pods.
func (w *world) nameReplicas(key string, writes []write) {
	choices := w.controller.options.Choices
	if choices == nil {
		return
	}
	at, n := w.controller.options.at, 0
	at.Key = key
	for _, write := range writes {
		if pod, ok := write.object.(*corev1.Pod); ok && write.verb == "create" {
			pod.Name, pod.UID = choices.Name(at, n)
			n++
		}
	}
}

// noteDeploy keeps the errors but the conflicts: those are how the controller
// reads its own writes, and the next round repeats the sync.
func (w *world) noteDeploy(tick *ticking, key string, failed error) {
	now := message(failed)
	if strings.Contains(now, "the object has been modified") {
		return
	}
	if now != "" && now != w.deployer.deploymentErrors[key] {
		d := tick.deployment(key)
		d.Errors = append(d.Errors, now)
	}
	w.deployer.deploymentErrors[key] = now
}

// noteReplicas keeps what a ReplicaSet's sync did.
func (w *world) noteReplicas(tick *ticking, rs *appsv1.ReplicaSet, writes []write, failed error) {
	var did ReplicaSet
	for _, write := range writes {
		pod, ok := write.object.(*corev1.Pod)
		switch {
		case ok && write.verb == "create":
			did.Created++
		case ok && write.verb == "delete":
			did.Deleted = append(did.Deleted, pod.Name)
		}
	}
	if did.Created+len(did.Deleted) == 0 && failed == nil {
		return
	}
	set := tick.replicaSet(key(rs))
	set.ByRestarts = set.ByRestarts || w.byRestarts(rs, did.Deleted)
	set.Created += did.Created
	set.Deleted = append(set.Deleted, did.Deleted...)
	slices.Sort(set.Deleted)
	if failed != nil {
		set.Errors = append(set.Errors, failed.Error())
	}
}
