package dryrun_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/dryrun"
)

// A scenario is a file in testdata/scenarios whose name is the claim.
//
//	cluster start=0s ready=0s stop=0s    objects as clustertest.Parse reads them
//	read start=0s ready=0s stop=0s       the same of YAML
//	apply [drain=NODE]                   the plan that applies the YAML, and drains the node
//	pass ticks=0                         inputs, one a line, and time: the cluster is then as it is in the middle
//	plan                                 edits, one a line; prints the plan
//	  edit NODES: EDIT, ...              as cluster.ParseNodeEdit reads each; NODES is a selector in kubectl's notation
//	  remove NODES
//	  apply OBJECT, delete OBJECT        as clustertest.Parse reads it
//	  input INPUT                        as rollout.ParseInput reads it
//	check                                policies, one a line; prints the report
//	  covers NODES, avoids NODES, exactly-one NODES, at-least AMOUNT KEY NODES
//	  within DURATION AMOUNT, reschedules    KEY "-" is none; each may end in "for KEYS"
//	  completes DURATION [EDIT]          EDIT with * for any
//	  keeps AMOUNT KEY EXCEPT            likewise
//	  or-nothing POLICY                  it may be vacuous
//	split KEYS, select NODES, empty
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		s := &stage{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out, err := s.play(t, d)
			if err != nil {
				return "error: " + err.Error() + "\n"
			}
			return out
		})
	})
}

// stage is the state of a scenario.
type stage struct {
	config dryrun.Config
	c      *cluster.Cluster
	base   *dryrun.Baseline
	plan   *dryrun.Plan
}

func (s *stage) play(t *testing.T, d *datadriven.TestData) (string, error) {
	switch d.Cmd {
	case "cluster":
		return "", s.start(t, d)
	case "read":
		m, err := cluster.ReadManifest(strings.NewReader(d.Input))
		if err != nil {
			return "", err
		}
		c, err := m.Cluster()
		if err != nil {
			return "", err
		}
		return "", s.begin(d, c)
	case "apply":
		m, err := cluster.ReadManifest(strings.NewReader(d.Input))
		if err != nil {
			return "", err
		}
		edits := []dryrun.Edit{dryrun.Apply(m.Objects()...)}
		for _, a := range d.CmdArgs {
			edits = append(edits, dryrun.Inputs(rollout.Drain{Node: a.Vals[0], IgnoreDaemonSets: true}))
		}
		return s.show(edits...)
	case "pass":
		return "", s.pass(t, d)
	case "plan":
		return s.make(t, d.Input)
	case "check":
		return s.check(d.Input)
	case "select":
		nodes, err := s.plan.Select(d.CmdArgs[0].String())
		return nodes.String() + "\n", err
	case "empty":
		return fmt.Sprintln(empty(s.plan)), nil
	}
	return "", fmt.Errorf("%s?", d.Cmd)
}

func (s *stage) start(t *testing.T, d *datadriven.TestData) (err error) {
	c, err := clustertest.Parse(d.Input)
	if err != nil {
		return err
	}
	return s.begin(d, c)
}

func (s *stage) begin(d *datadriven.TestData, c *cluster.Cluster) (err error) {
	var config dryrun.Config
	for _, a := range d.CmdArgs {
		duration, err := time.ParseDuration(a.Vals[0])
		if err != nil {
			return err
		}
		switch kubelet := &config.Rollout.Kubelet; a.Key {
		case "start":
			kubelet.Start = duration
		case "ready":
			kubelet.Ready = duration
		case "stop":
			kubelet.Stop = duration
		default:
			return fmt.Errorf("cluster %s?", a.Key)
		}
	}
	s.base, err = dryrun.NewBaseline(c, config)
	s.config, s.c = config, c
	return err
}

// pass lets the cluster settle, then applies some inputs and lets time pass.
func (s *stage) pass(t *testing.T, d *datadriven.TestData) error {
	var ticks int
	d.MaybeScanArgs(t, "ticks", &ticks)
	sim, err := rollout.New(s.base.Cluster(), s.config.Rollout)
	if err != nil {
		return err
	}
	for line := range strings.Lines(d.Input) {
		in, wrong := rollout.ParseInput(strings.TrimSpace(line))
		if wrong == nil {
			wrong = sim.Inject(in)
		}
		err = errors.Join(err, wrong)
	}
	for _, refused := range sim.Advance(ticks) {
		err = errors.Join(err, errors.New(refused.String()))
	}
	for sim.Now() < ticks-1 { // also if nothing happens
		sim.Tick()
	}
	if err == nil {
		s.base, err = dryrun.NewBaseline(sim.Cluster(), s.config)
	}
	return err
}

func (s *stage) make(t *testing.T, text string) (string, error) {
	var edits []dryrun.Edit
	for line := range strings.Lines(text) {
		e, err := s.edit(t, strings.TrimSpace(line))
		if err != nil {
			return "", err
		}
		edits = append(edits, e)
	}
	return s.show(edits...)
}

// show makes the plan and removes its fingerprint.
func (s *stage) show(edits ...dryrun.Edit) (string, error) {
	p, err := s.base.Plan(edits...)
	if err != nil {
		return "", err
	}
	s.plan = p
	return strings.ReplaceAll(p.String(), " ("+p.Record().Fingerprint+")", ""), nil
}

func (s *stage) edit(t *testing.T, line string) (dryrun.Edit, error) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "edit":
		selector, list, _ := strings.Cut(rest, ": ")
		nodes, err := s.base.Cluster().Select(selector)
		var edits []cluster.NodeEdit
		for _, text := range strings.Split(list, ", ") {
			e, wrong := cluster.ParseNodeEdit(text)
			edits, err = append(edits, e), errors.Join(err, wrong)
		}
		return dryrun.EditNodes(nodes, edits...), err
	case "remove":
		nodes, err := s.base.Cluster().Select(rest)
		return dryrun.RemoveNodes(nodes), err
	case "apply", "delete":
		world, err := clustertest.ParseWorld(rest)
		if err != nil {
			return dryrun.Edit{}, err
		}
		objects := world.Cluster(t).Manifest().Objects()
		if verb == "apply" {
			return dryrun.Apply(objects...), nil
		}
		return dryrun.Delete(objects...), nil
	case "input":
		in, err := rollout.ParseInput(rest)
		return dryrun.Inputs(in), err
	}
	return dryrun.Edit{}, fmt.Errorf("%s?", verb)
}

func (s *stage) check(text string) (string, error) {
	var policies []dryrun.Policy
	for line := range strings.Lines(text) {
		p, err := s.policy(strings.Fields(line))
		if err != nil {
			return "", err
		}
		policies = append(policies, p)
	}
	return s.plan.Check(policies...).String(), nil
}

func (s *stage) policy(words []string) (p dryrun.Policy, err error) {
	if words[0] == "or-nothing" {
		p, err = s.policy(words[1:])
		return p.AllowEmpty(), err
	}
	if n := len(words); n > 2 && words[n-2] == "for" {
		p, err = s.policy(words[:n-2])
		return p.For(strings.Split(words[n-1], ",")...), err
	}
	var nodes cluster.NodeSet
	switch words[0] {
	case "completes":
		d, err := time.ParseDuration(words[1])
		if len(words) > 2 {
			return dryrun.Completes(d, strings.Join(words[2:], " ")), err
		}
		return dryrun.Completes(d), err
	case "keeps":
		except, err := strconv.Atoi(words[3])
		return dryrun.KeepsAvailable(words[1], strings.Trim(words[2], "-"), except), err
	}
	if words[0] != "within" {
		nodes, err = s.plan.Select(words[len(words)-1])
	}
	switch words[0] {
	case "covers":
		return dryrun.Covers(nodes), err
	case "avoids":
		return dryrun.Avoids(nodes), err
	case "exactly-one":
		return dryrun.ExactlyOne(nodes), err
	case "at-least":
		return dryrun.AtLeast(words[1], strings.Trim(words[2], "-"), nodes), err
	case "within":
		d, err := time.ParseDuration(words[1])
		return dryrun.Within(d, words[2]), err
	case "reschedules":
		return dryrun.Reschedules(), nil
	}
	return p, fmt.Errorf("%s?", words[0])
}
