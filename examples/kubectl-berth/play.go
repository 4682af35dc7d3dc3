package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
)

func newPlayCommand(env environment) *cobra.Command {
	var in source
	var out output
	var t timing
	cmd := &cobra.Command{
		Use:   "play SCRIPT",
		Short: "Play a script of inputs with their ticks, and print every event",
		Long: `Play a script of inputs on a simulation of the cluster, and print what happens: each
event with the reason of the controller. A tick is a second. A script has an input on
each line, and without "at" an input is of the tick of the line before:

  # the nodes of a zone fail, and one comes back
  at 0 node-down node-1
  at 0 node-down node-2
  at 300 node-ready node-1
  at 310 drain node-3 --ignore-daemonsets

Inputs are those of plan --do. SCRIPT is a file, - is standard input.
` + exits("everything completes", "a DaemonSet, Deployment or drain is stuck, or still running at --limit, or an input is refused"),
		Example: `  # What happens in an outage?
  kubectl berth play outage.txt --cluster dump.yaml

  # The same with pods that take 20 s to become ready, as a page to show
  kubectl berth play outage.txt --cluster dump.yaml --ready 20s -o html`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := t.check(); err != nil {
				return err
			}
			script, err := readScript(env, args[0])
			if err != nil {
				return err
			}
			return respond(env, &in, &out, func(w *world) (answer, error) { return play(w, &t, script, out.format) })
		},
	}
	in.addFlags(cmd.Flags(), "objects to add to the cluster")
	t.addFlags(cmd.Flags())
	out.addFlag(cmd, "table", "json", "yaml", "html")
	return cmd
}

func readScript(env environment, name string) (rollout.Script, error) {
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(env.stdin)
	} else {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	script, err := rollout.ParseScript(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return script, nil
}

// course is the answer of play in its JSON form.
type course struct {
	Version string                `json:"version"` // "berth.play/v1"
	Events  []rollout.Event       `json:"events"`
	Ends    []end                 `json:"ends"`
	Drains  []rollout.DrainStatus `json:"drains"` // that have not ended
}

// end is the state of a workload at the end of a simulation.
type end struct {
	Workload  string               `json:"workload"`
	State     rollout.State        `json:"state"`
	Status    string               `json:"status"` // as kubectl rollout status prints it
	Diagnosis *diagnosis.Diagnosis `json:"diagnosis,omitempty"`
}

func play(w *world, t *timing, script rollout.Script, format string) (answer, error) {
	c, err := w.whole()
	if err != nil {
		return answer{}, err
	}
	sim, err := t.start(c)
	if err != nil {
		return answer{}, err
	}
	if err := sim.Play(script); err != nil {
		return answer{}, err
	}
	before := sim.Fork()
	r := course{Version: "berth.play/v1", Events: []rollout.Event{}, Ends: []end{}}
	for events := range sim.Run(t.ticks()) {
		r.Events = append(r.Events, events...)
	}
	for _, key := range sim.Keys() {
		e, err := endOf(sim, key)
		if err != nil {
			return answer{}, err
		}
		r.Ends = append(r.Ends, e)
	}
	r.Drains = append([]rollout.DrainStatus{}, sim.Drains()...)
	a := r.answer()
	if format == "html" {
		a.page, err = r.page(before, t.ticks())
	}
	return a, err
}

func endOf(sim *rollout.Sim, key string) (end, error) {
	e := end{Workload: key, State: sim.State(key)}
	status, _, err := sim.RolloutStatus(key)
	if err != nil {
		status = err.Error() // OnDelete has no rollout status
	}
	e.Status = strings.TrimSpace(status)
	if e.State == rollout.StateStuck {
		e.Diagnosis, err = diagnosis.Diagnose(sim, key)
		return e, err
	}
	return e, nil
}

func (r course) answer() answer {
	a := answer{data: r, fails: len(r.Drains) > 0}
	var b strings.Builder
	for _, e := range r.Events {
		fmt.Fprintln(&b, e)
		a.fails = a.fails || e.Kind == rollout.EventInputRefused || e.Kind == rollout.EventDrainFailed
	}
	b.WriteString("\n")
	for _, e := range r.Ends {
		fmt.Fprintf(&b, "%s: %v: %s\n", e.Workload, e.State, e.Status)
		if e.Diagnosis != nil {
			b.WriteString(indent(e.Diagnosis.String()))
		}
		a.fails = a.fails || e.State != rollout.StateDone
	}
	for _, d := range r.Drains {
		fmt.Fprintf(&b, "%s, begun in tick %d, waits for\n", rollout.FormatInput(d.Drain), d.Since)
		for _, pod := range d.Pods {
			fmt.Fprintf(&b, "      %s: %s\n", pod.Pod, pod.Refused)
		}
	}
	a.text = b.String()
	return a
}
