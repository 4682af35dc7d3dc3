package controllers

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/daemon/util"
	clocktesting "k8s.io/utils/clock/testing"
)

// controller is the real one. Its backoff is the only clock it asks for the
// time of an availability or of a failed pod.
type controller struct {
	server  *server
	client  *client
	clock   *clocktesting.FakeClock
	backoff *flowcontrol.Backoff
	sync    syncer
	ctx     context.Context
	stop    func()
	options Options
	spent   time.Duration // inside of syncs
	syncs   int
}

// newController makes a controller as kube-controller-manager does
// (cmd/kube-controller-manager/app/apps.go: newDaemonSetController): backoff
// from 1 s to 15 min.
func newController(s *server, options Options) (*controller, error) {
	c := &controller{server: s, client: newClient(s), clock: clocktesting.NewFakeClock(s.now), options: options}
	c.backoff = flowcontrol.NewFakeBackOff(time.Second, 15*time.Minute, c.clock)
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), logr.Discard()))
	real, err := daemon.NewDaemonSetsController(ctx,
		daemonSetInformer{informerOf(s.daemonSets)}, revisionInformer{informerOf(s.revisions)},
		podInformer{informerOf(s.pods)}, nodeInformer{informerOf(s.nodes)}, c.client, c.backoff)
	c.ctx, c.sync = ctx, handlerOf(real)
	c.stop = func() {
		cancel()
		real.Run(ctx, 0) // returns at once, and shuts the queues down
	}
	return c, err
}

func init() {
	utilruntime.ErrorHandlers = nil // errors are results here, not lines of a log
}

// outcome is what one sync did, or would have done.
type outcome struct {
	created, deleted []Act
	writes           []write
	final            bool // manage has acted, see draw
	err              error
}

// syncOnce syncs one DaemonSet and commits what it did.
func (c *controller) syncOnce(key string) (outcome, error) {
	best := c.draw(key)
	return best, c.server.commit(best.writes)
}

// draw syncs until the outcome is the one wanted. Only rollingUpdate chooses (up
// to 250 pods), and it only runs in a sync in which manage has not acted. manage
// alone moves a backoff, which no second draw would see as it was, and without
// surge it alone creates.
func (c *controller) draw(key string) outcome {
	best := c.attempt(key)
	for n := 1; n < c.options.Draws && best.chosen() && !c.options.wanted(key, best); n++ {
		c.server.pretend(best.writes)
		next := c.attempt(key)
		c.server.pretend(next.writes)
		if next.before(best) || c.options.wanted(key, next) {
			best = next
		}
	}
	return best
}

func (c *controller) attempt(key string) outcome {
	before := c.delays(key)
	start := time.Now()
	err := c.sync(c.ctx, key)
	c.spent += time.Since(start)
	c.syncs++
	o := outcome{err: err, writes: c.client.take()}
	for _, w := range o.writes {
		o.add(w)
	}
	o.final = !reflect.DeepEqual(before, c.delays(key)) || len(o.created) > 0 && !c.surges(key)
	sortActs(o.created)
	sortActs(o.deleted)
	return o
}

func (c *controller) surges(key string) bool {
	ds, ok := c.server.daemonSets.get(key)
	return ok && util.AllowsSurge(ds)
}

// delays are the backoffs of the nodes with failed pods
// (pkg/controller/daemon/daemon_controller.go: failedPodsBackoffKey).
func (c *controller) delays(key string) map[string]time.Duration {
	if c.options.Draws < 2 {
		return nil
	}
	ds, ok := c.server.daemonSets.get(key)
	if !ok {
		return nil
	}
	delays := map[string]time.Duration{}
	for _, pod := range c.server.podsOf(ds) {
		if pod.Status.Phase == corev1.PodFailed {
			k := fmt.Sprintf("%s/%d/%s", ds.UID, ds.Status.ObservedGeneration, targetNode(pod))
			delays[k] = c.backoff.Get(k)
		}
	}
	return delays
}

func (o *outcome) add(w write) {
	pod, ok := w.object.(*corev1.Pod)
	if !ok {
		return
	}
	act := Act{Node: targetNode(pod), Hash: pod.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]}
	switch w.verb {
	case "create":
		o.created = append(o.created, act)
	case "delete":
		o.deleted = append(o.deleted, act)
	}
}

func (o outcome) acted() bool { return len(o.created)+len(o.deleted) > 0 }

// chosen: another draw might come out differently. A sync that fails over a node
// that is gone, names any of them with surge (pkg/controller/daemon/update.go:
// rollingUpdate).
func (o outcome) chosen() bool { return (o.acted() || o.err != nil) && !o.final }

// before: o took the nodes that come first by name, deletions first.
func (o outcome) before(p outcome) bool {
	if c := slices.CompareFunc(o.deleted, p.deleted, compareActs); c != 0 {
		return c < 0
	}
	if c := slices.CompareFunc(o.created, p.created, compareActs); c != 0 {
		return c < 0
	}
	return message(o.err) < message(p.err)
}

func sortActs(acts []Act) { slices.SortFunc(acts, compareActs) }

func compareActs(a, b Act) int {
	return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Hash, b.Hash))
}
