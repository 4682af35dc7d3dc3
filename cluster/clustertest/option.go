package clustertest

import (
	"slices"

	"github.com/berthsim/berth/cluster"
)

// Option narrows what a generator draws.
type Option struct{ set func(*options) }

type options struct {
	platforms   []Platform
	kinds       []PoolKind
	least, most int // nodes of a cluster or of a pool
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

// WithPlatforms draws clusters and pools of these platforms only.
func WithPlatforms(platforms ...Platform) Option {
	return Option{func(o *options) { o.platforms = slices.Clone(platforms) }}
}

// WithPools draws pools of these shapes only. Not every platform has every shape: it
// then draws from those that have one; where none has, any shape.
func WithPools(shapes ...PoolKind) Option {
	return Option{func(o *options) { o.kinds = slices.Clone(shapes) }}
}

// WithNodes draws from least to most nodes, of a cluster or of a pool; without it
// 1 to 8. Least is at least 1, and most at least least.
func WithNodes(least, most int) Option {
	return Option{func(o *options) {
		o.least = max(least, 1)
		o.most = max(o.least, most)
	}}
}

// WithHealthyNodes draws no cordoned nodes, nor nodes that are not ready or have a
// condition's taint.
func WithHealthyNodes() Option { return Option{func(o *options) { o.healthy = true }} }

// WithPods draws ordinary running pods into a cluster.
func WithPods() Option { return Option{func(o *options) { o.pods = true }} }

// WithWords adds words to every pool, DaemonSet or pod, over those that are drawn.
func WithWords(words ...string) Option {
	return Option{func(o *options) { o.words = append(o.words, words...) }}
}

// WithKey names the DaemonSet or the pod, namespace/name; without it default/agent.
func WithKey(key string) Option { return Option{func(o *options) { o.key = key }} }

// WithLabelsOf draws DaemonSets and pods that speak of the labels and taints that the
// nodes of a cluster have; without it, of those that generated nodes have.
func WithLabelsOf(c *cluster.Cluster) Option {
	return Option{func(o *options) { o.vocabulary = vocabularyOf(c) }}
}

// models are those to draw from; never none.
func (o options) models() []model {
	for _, found := range [][]model{models(o.platforms, o.kinds), models(o.platforms, nil), models(nil, nil)} {
		if len(found) > 0 {
			return found
		}
	}
	return nil
}
