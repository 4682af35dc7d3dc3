package clustertest

import (
	"errors"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
)

// Option narrows what a generator draws.
type Option struct{ set func(*options) }

type options struct {
	platforms   []platform
	kinds       []poolKind
	err         error // unknown words in options
	least, most int   // nodes of a cluster or of a pool
	healthy     bool
	pods        bool
	words       []string
	key         string
	vocabulary  *vocabulary // nil: of the catalogue
}

func collect(opts []Option) options {
	o := options{least: 1, most: 8, key: "default/agent"}
	for _, opt := range opts {
		if opt.set != nil {
			opt.set(&o)
		}
	}
	return o
}

// WithPlatforms draws clusters and pools of these platforms only: OnPremises
// (kubeadm), EKS, GKE or AKS. Another word fails the test.
func WithPlatforms(platforms ...string) Option {
	found, err := parseNames[platform]("platform", platformNames, platforms)
	return Option{func(o *options) { o.platforms, o.err = found, errors.Join(o.err, err) }}
}

// WithPools draws only pools of these kinds: Linux, ControlPlane, ARM, Spot, GPU,
// Windows or Virtual, which has no machine behind it (Fargate, virtual-kubelet, KWOK).
// Another word fails the test. Not every platform has every kind: only platforms that
// have one are drawn. If none has one, any kind is drawn.
func WithPools(kinds ...string) Option {
	found, err := parseNames[poolKind]("kind of pool", poolKindNames, kinds)
	return Option{func(o *options) { o.kinds, o.err = found, errors.Join(o.err, err) }}
}

// WithNodes draws from least to most nodes, for a cluster or a pool. The default is
// 1 to 8. Least is raised to 1, and most to least.
func WithNodes(least, most int) Option {
	return Option{func(o *options) {
		o.least = max(least, 1)
		o.most = max(o.least, most)
	}}
}

// WithHealthyNodes draws no nodes that are cordoned, not ready, or tainted for a
// condition.
func WithHealthyNodes() Option { return Option{func(o *options) { o.healthy = true }} }

// WithPods draws ordinary running pods into a cluster.
func WithPods() Option { return Option{func(o *options) { o.pods = true }} }

// WithWords adds words to every pool, DaemonSet or pod. They override drawn ones.
func WithWords(words ...string) Option {
	return Option{func(o *options) { o.words = append(o.words, words...) }}
}

// WithLabelsOf draws DaemonSets and pods that refer to the labels and taints of a
// cluster's nodes. By default they refer to those of generated nodes.
func WithLabelsOf(c *cluster.Cluster) Option {
	return Option{func(o *options) { o.vocabulary = vocabularyOf(c) }}
}

// check fails the test if an option has a word that is not known.
func (o options) check(t *rapid.T) {
	if o.err != nil {
		t.Fatalf("%v", o.err)
	}
}

// models returns the models to draw from, at least one.
func (o options) models() []model {
	for _, found := range [][]model{models(o.platforms, o.kinds), models(o.platforms, nil), models(nil, nil)} {
		if len(found) > 0 {
			return found
		}
	}
	return nil
}
