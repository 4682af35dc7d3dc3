package placement

import (
	"fmt"
	"math"
)

// PluginScore is the score of a node by one plugin of the scheduler.
type PluginScore struct {
	Plugin     string `json:"plugin"`     // as in the scheduler's configuration: "TaintToleration"
	Raw        int64  `json:"raw"`        // in the plugin's own unit: taints not tolerated, weights of terms, pods near by, or 0 to 100
	Normalized int64  `json:"normalized"` // 0 to 100; the higher the better
	Weight     int64  `json:"weight"`     // factor in the total
}

// text returns the plugin's share of the total.
func (s PluginScore) text() string {
	return fmt.Sprintf("%s %d*%d", s.Plugin, s.Weight, s.Normalized)
}

// maxScore is the best normalised score (k8s.io/kube-scheduler/framework/interface.go:
// MaxNodeScore).
const maxScore = 100

// scorer is a plugin that scores and its weight.
type scorer struct {
	name   string
	weight int64
}

// The score plugins of the default profile, whose order is that of their columns
// (pkg/scheduler/apis/config/v1/default_plugins.go: getDefaultPlugins).
// VolumeBinding and DynamicResources also score, but only pods with volumes or
// claims.
var (
	scoreTaints    = scorer{pluginTaints, 3}
	scoreAffinity  = scorer{pluginAffinity, 2}
	scoreResources = scorer{pluginResources, 1}
	scoreSpread    = scorer{pluginSpread, 2}
	scoreRelations = scorer{pluginRelations, 2}
	scoreBalance   = scorer{"NodeResourcesBalancedAllocation", 1}
	scoreImages    = scorer{"ImageLocality", 1}
)

// mostTotal is an upper bound on the total of all plugins.
const mostTotal = 12 * maxScore

// column holds the scores of one plugin, by place.
type column struct {
	scorer
	raw   []int64 // nil: 0 for every node
	scale scale
}

// scale is how a plugin normalises its raw scores to 0 to 100 (its NormalizeScore).
type scale struct {
	rule        rule
	least, most int64 // raw
}

const (
	asItIs  rule = iota // the raw score is 0 to 100 already
	share               // of the highest (pkg/scheduler/framework/plugins/helper/normalize_score.go: DefaultNormalizeScore)
	reverse             // likewise, the highest being the worst
	evenly              // likewise, and the lowest is 100 (pkg/scheduler/framework/plugins/podtopologyspread/scoring.go: NormalizeScore)
	between             // from the lowest to the highest (pkg/scheduler/framework/plugins/interpodaffinity/scoring.go: NormalizeScore)
)

type rule uint8

func newColumn(s scorer, raw []int64, r rule) column {
	c := column{s, raw, scale{rule: r}}
	if r != asItIs {
		c.scale.measure(raw)
	}
	return c
}

// measure finds the bounds. Every rule except between has its highest at 0 or
// more.
func (s *scale) measure(raw []int64) {
	s.least = math.MaxInt64
	if s.rule == between {
		s.most = math.MinInt64
	}
	for _, score := range raw {
		if score != ignored {
			s.least, s.most = min(s.least, score), max(s.most, score)
		}
	}
}

// of normalises with the integer arithmetic of upstream, truncation and
// overflow included.
func (s *scale) of(raw int64) int64 {
	switch s.rule {
	case share:
		return s.shareOf(raw)
	case reverse:
		if s.most == 0 {
			return maxScore
		}
		return maxScore - s.shareOf(raw)
	case evenly:
		return s.evenness(raw)
	case between:
		if s.most <= s.least {
			return 0
		}
		return int64(maxScore * (float64(raw-s.least) / float64(s.most-s.least)))
	}
	return raw
}

func (s *scale) shareOf(raw int64) int64 {
	if s.most == 0 {
		return raw
	}
	return maxScore * raw / s.most
}

// evenness returns 0 for a raw score of -1 as well. Upstream marks ignored
// nodes with -1 (invalidScore).
func (s *scale) evenness(raw int64) int64 {
	switch {
	case raw == ignored || raw == -1:
		return 0
	case s.most == 0:
		return maxScore
	}
	return maxScore * (s.most + s.least - raw) / s.most
}

func (c *column) at(place int) PluginScore {
	s := PluginScore{Plugin: c.name, Weight: c.weight}
	if c.raw != nil {
		s.Raw = c.raw[place]
	}
	if s.Normalized = c.scale.of(s.Raw); s.Raw == ignored {
		s.Raw = 0
	}
	return s
}

// addTo adds the weighted scores to the totals. It returns an error where the
// scheduler's attempt fails too (pkg/scheduler/framework/runtime/framework.go:
// normalizeScores): for a score that is not between 0 and 100. No valid pod can
// cause that.
func (c *column) addTo(totals []int32) error {
	if c.raw == nil {
		equal := c.scale.of(0)
		for i := range totals {
			totals[i] += int32(equal * c.weight)
		}
		return nil
	}
	for i, raw := range c.raw {
		score := c.scale.of(raw)
		if uint64(score) > maxScore {
			return fmt.Errorf("applying score defaultWeights on Score plugins: plugin %q returns an invalid score %d, it should in the range of [0, %d] after normalizing",
				c.name, score, maxScore)
		}
		totals[i] += int32(score * c.weight)
	}
	return nil
}

// ignored is the raw score of a node that does not take part. It is shown as 0,
// and no other node is measured by it.
const ignored = math.MinInt64
