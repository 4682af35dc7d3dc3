package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	chartWide = 900
	chartHigh = 120
	mostZones = 12 // that a chart has a line for
)

// chart is the availability of a workload over time.
type chart struct {
	Title, Words string
	Wide, High   int
	Most         int // pods at the top
	Lines        []line
	Promised     int // pods; below 0 if unknown
	PromisedY    int
	End          string // the time at the right
}

type line struct {
	Name, Points, Class string
}

func (p Page) charts() []chart {
	var all []chart
	for _, r := range p.Rollouts {
		if r.ticks() > 0 {
			all = append(all, r.chart())
		}
	}
	return all
}

// chart draws all pods and, if there are several zones, those of each.
func (r Rollout) chart() chart {
	total, zones := r.available()
	worst, at := slices.Min(total), slices.Index(total, slices.Min(total))
	c := chart{Title: visible(r.Timeline.Key), Wide: chartWide, High: chartHigh, Most: max(1, slices.Max(total), r.Promised), Promised: r.Promised}
	c.End = r.time(len(total))
	c.Words = fmt.Sprintf("%s: %d available at first, at worst %d after %s, %d in the end", c.Title, total[0], worst, r.time(at), total[len(total)-1])
	if r.Promised >= 0 {
		c.PromisedY = c.y(r.Promised)
		c.Words += fmt.Sprintf("; the update limit keeps %d", r.Promised)
	}
	c.Lines = append(c.Lines, line{"all", c.points(total), "all"})
	if len(zones) > 1 {
		for i, zone := range slices.Sorted(maps.Keys(zones))[:min(mostZones, len(zones))] {
			c.Lines = append(c.Lines, line{visible(zone), c.points(zones[zone]), fmt.Sprintf("zone z%d", i%6)})
		}
	}
	return c
}

// time returns the time of a column since the first.
func (r Rollout) time(column int) string {
	if r.Timeline.Tick <= 0 {
		return plural(column, "tick")
	}
	return (time.Duration(column) * r.Timeline.Tick).String()
}

// available returns the number of available pods in each tick, of all and by zone.
func (r Rollout) available() (total []int, zones map[string][]int) {
	total, zones = make([]int, r.ticks()), map[string][]int{}
	for i, letters := range r.Timeline.Rows {
		zone := r.places[r.Timeline.Names[i]].zone
		if zones[zone] == nil && zone != "" {
			zones[zone] = make([]int, len(total))
		}
		for column, letter := range []byte(letters) {
			if letter != 'a' && letter != 'A' && letter != 's' {
				continue
			}
			total[column]++
			if zone != "" {
				zones[zone][column]++
			}
		}
	}
	return total, zones
}

func (c chart) y(pods int) int { return c.High - pods*c.High/c.Most }

// points draws a line in steps: one point where the number changes, and one before it.
func (c chart) points(counts []int) string {
	var b strings.Builder
	x := func(column int) int { return column * c.Wide / len(counts) }
	for column, n := range counts {
		if column == 0 || n != counts[column-1] {
			if column > 0 {
				fmt.Fprintf(&b, "%d,%d ", x(column), c.y(counts[column-1]))
			}
			fmt.Fprintf(&b, "%d,%d ", x(column), c.y(n))
		}
	}
	fmt.Fprintf(&b, "%d,%d", c.Wide, c.y(counts[len(counts)-1]))
	return b.String()
}
