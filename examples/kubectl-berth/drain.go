package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

// drainOptions are the flags of drain beside those that all commands have. The embedded
// Drain has kubectl's own.
type drainOptions struct {
	timing
	drain    rollout.Drain
	grace    int64
	uncordon bool
}

func newDrainCommand(env environment) *cobra.Command {
	var in source
	var out output
	var o drainOptions
	cmd := &cobra.Command{
		Use:   "drain NODE...",
		Short: "Rehearse the drain of nodes, one after the other",
		Long: `Rehearse the drain of nodes as kubectl drain would do it, one after the other: what each
drain refuses, waits for and evicts, and how long that takes. A drain that never ends is
diagnosed, with remedies that were tried; the nodes after it are not begun, as kubectl
would wait without end. The flags are kubectl's. With --uncordon each node comes back before
the next is drained.
` + exits("every drain completes", "one is refused, blocked or not complete at --limit"),
		Example: `  # Can these two be drained?
  kubectl berth drain node-1 node-2 --ignore-daemonsets --cluster dump.yaml

  # A pool, node by node, pods ready after 20 s
  kubectl berth drain -l pool=web --uncordon --ignore-daemonsets --delete-emptydir-data --ready 20s --cluster dump.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return respond(env, &in, &out, func(w *world) (answer, error) { return o.rehearse(w, &in, args) })
		},
	}
	in.addFlags(cmd.Flags(), "objects to add to the cluster")
	in.addSelector(cmd.Flags(), "nodes to drain")
	o.addFlags(cmd)
	out.addFlag(cmd, "table", "json", "yaml", "junit")
	return cmd
}

func (o *drainOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&o.drain.IgnoreDaemonSets, "ignore-daemonsets", false, "leave pods of DaemonSets; without it they are an error")
	flags.BoolVar(&o.drain.DeleteEmptyDirData, "delete-emptydir-data", false, "evict pods with an emptyDir; without it they are an error")
	flags.BoolVar(&o.drain.Force, "force", false, "evict pods without a controller; without it they are an error")
	flags.BoolVar(&o.drain.DisableEviction, "disable-eviction", false, "delete pods, whatever PodDisruptionBudgets allow")
	flags.Int64Var(&o.grace, "grace-period", -1, "`seconds` that pods have to stop; -1 is each pod's own")
	flags.DurationVar(&o.drain.Timeout, "timeout", 0, "when a drain gives up; 0 is never")
	flags.StringVar(&o.drain.PodSelector, "pod-selector", "", "label `selector` of the pods to drain")
	flags.BoolVar(&o.uncordon, "uncordon", false, "uncordon each node before the next is drained")
	o.timing.addFlags(flags)
}

// rehearsal is the answer of drain in its JSON form.
type rehearsal struct {
	Version  string    `json:"version"` // "berth.drain/v1"
	Drains   []drained `json:"drains"`
	NotBegun []string  `json:"notBegun"`
}

// drained is the rehearsed drain of a node.
type drained struct {
	Node      string               `json:"node"`
	State     string               `json:"state"` // Completed, Refused, Stuck or Running
	After     time.Duration        `json:"after"`
	Evicted   []string             `json:"evicted"` // pods, in order
	Refused   int                  `json:"refused"` // evictions that a PodDisruptionBudget refused at first
	Message   string               `json:"message,omitempty"`
	Diagnosis *diagnosis.Diagnosis `json:"diagnosis,omitempty"`
}

func (o *drainOptions) rehearse(w *world, in *source, args []string) (answer, error) {
	c, err := w.whole()
	if err != nil {
		return answer{}, err
	}
	nodes, err := in.chooseNodes(c, args)
	if err != nil {
		return answer{}, err
	}
	if o.grace >= 0 {
		o.drain.GracePeriodSeconds = &o.grace
	}
	sim, err := o.start(c)
	if err != nil {
		return answer{}, err
	}
	r := rehearsal{Version: "berth.drain/v1", Drains: []drained{}, NotBegun: []string{}}
	for i, node := range nodes {
		d, err := o.one(sim, node)
		if err != nil {
			return answer{}, err
		}
		r.Drains = append(r.Drains, d)
		if d.State == "Stuck" || d.State == "Running" {
			r.NotBegun = append(r.NotBegun, nodes[i+1:]...)
			break
		}
	}
	return r.answer(), nil
}

// one drains a node and lets the cluster settle.
func (o *drainOptions) one(sim *rollout.Sim, node string) (drained, error) {
	d := drained{Node: node, State: "Running", Evicted: []string{}}
	drain := o.drain
	drain.Node = node
	if err := sim.Inject(drain); err != nil {
		return d, err
	}
	began := sim.Now()
	for events := range sim.Run(o.ticks()) {
		for _, e := range events {
			d.note(e, sim.Time(e.Tick).Sub(sim.Time(began)))
		}
	}
	if d.State != "Running" {
		return d, o.comeBack(sim, node)
	}
	var err error
	if d.Diagnosis, err = diagnosis.DiagnoseDrain(sim, node); d.Diagnosis != nil {
		d.State, d.Message = "Stuck", d.Diagnosis.Cause
	}
	return d, err
}

// note takes from an event what it says about the drain.
func (d *drained) note(e rollout.Event, after time.Duration) {
	if e.Node != d.Node {
		return
	}
	switch e.Kind {
	case rollout.EventDrained:
		d.State, d.After = "Completed", after
	case rollout.EventDrainFailed, rollout.EventInputRefused:
		d.State, d.After, d.Message = "Refused", after, e.Why()
	case rollout.EventEvicted, rollout.EventDeletedByUser:
		d.Evicted = append(d.Evicted, e.Pod)
	case rollout.EventEvictionRefused:
		d.Refused++
	}
}

// comeBack uncordons a node that was drained.
func (o *drainOptions) comeBack(sim *rollout.Sim, node string) error {
	if !o.uncordon {
		return nil
	}
	if err := sim.Inject(rollout.EditNode{Node: node, Edits: []cluster.NodeEdit{cluster.Uncordon()}}); err != nil {
		return err
	}
	sim.Advance(o.ticks())
	return nil
}

func (r rehearsal) answer() answer {
	a := answer{data: r, fails: len(r.NotBegun) > 0}
	var b strings.Builder
	for _, d := range r.Drains {
		c := d.claim()
		a.claims, a.fails = append(a.claims, c), a.fails || c.fails()
		b.WriteString(c.text)
	}
	if len(r.NotBegun) > 0 {
		fmt.Fprintf(&b, "not begun: %s\n", strings.Join(r.NotBegun, " "))
	}
	a.text = b.String()
	return a
}

func (d drained) claim() claim {
	c := claim{rule: "Drain", name: "drain " + d.Node, subject: "node/" + d.Node}
	var b strings.Builder
	verdict := "ok    "
	if d.State != "Completed" {
		verdict, c.level = "FAIL  ", levelError
	}
	fmt.Fprintf(&b, "%sdrain %s: %s", verdict, d.Node, strings.ToLower(d.State))
	if d.State == "Completed" {
		fmt.Fprintf(&b, " after %v", d.After)
	}
	fmt.Fprintf(&b, ", %d pods evicted, %d evictions refused at first\n", len(d.Evicted), d.Refused)
	switch {
	case d.Diagnosis != nil:
		b.WriteString(indent(d.Diagnosis.String()))
	case d.Message != "":
		b.WriteString(indent(d.Message + "\n"))
	}
	c.text = b.String()
	return c
}

// indent indents each line like the lines below a verdict.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("      " + line)
	}
	return b.String()
}
