package rollout

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/conversion"
	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/shrunk"
)

// sameInputs is equality of what inputs say: amounts by their value.
var sameInputs = func() conversion.Equalities {
	same := equality.Semantic.Copy()
	if err := same.AddFunc(func(a, b cluster.NodeEdit) bool { return a == b }); err != nil {
		panic(err)
	}
	return same
}()

// anyInput draws an input of any kind that Inject accepts, with odd words in it.
func anyInput() *rapid.Generator[Input] {
	return rapid.Custom(func(t *rapid.T) Input {
		if rapid.IntRange(0, 3).Draw(t, "of a Deployment") == 0 {
			return deploymentInput(t)
		}
		all := stories(endlessly).Draw(t, "story").inputs
		in := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")].input
		return withOddWords(t, in)
	})
}

// withOddWords replaces the names in an input by strings that no API server
// would take: they are words all the same.
func withOddWords(t *rapid.T, in Input) Input {
	if rapid.Bool().Draw(t, "plain") {
		return in
	}
	v := reflect.New(reflect.TypeOf(in)).Elem()
	v.Set(reflect.ValueOf(in))
	for i := range v.NumField() {
		switch f, name := v.Field(i), v.Type().Field(i).Name; {
		case f.Kind() == reflect.String && f.Len() > 0 && (name == "Node" || name == "Image" || name == "Reason"):
			f.SetString(oddWord(t))
		case name == "Nodes" && f.Len() > 0:
			f.Set(reflect.ValueOf([]string{oddWord(t), oddWord(t)}))
		case name == "Edits" && rapid.Bool().Draw(t, "no edits"):
			f.SetZero()
		case name == "PodSelector" && f.Len() > 0:
			f.SetString("a in (b, c), !d, e!=f")
		case name == "Revision":
			f.SetInt(rapid.Int64Min(0).Draw(t, "revision"))
		}
	}
	return v.Interface().(Input)
}

func oddWord(t *rapid.T) string {
	return pick(t, "odd", "on", "to", "a b", "a:", "a: b", `"`, `\`, "\n", "\xff", "ü", "#", "--force", "'x", "`", "a, b")
}

// Reading what an input of any kind prints returns an equal input; so does a
// whole script. Mutants seen to fail: word without quotes for a space, or for a
// colon at the end; undo without its revision; an object without its status.
func TestInputsReadBack(t *testing.T) {
	seen := map[string]bool{}
	shrunk.Checks(t, 2000)
	checkReadBack(t, seen)
	for verb, parse := range verbs() {
		in := parse(&lexer{text: " x/y"})
		if name := reflect.TypeOf(in).Name(); !seen[name] {
			t.Errorf("no %s (%s) was drawn", name, verb)
		}
	}
}

func checkReadBack(t *testing.T, seen map[string]bool) {
	rapid.Check(t, func(t *rapid.T) {
		script := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ScheduledInput {
			return ScheduledInput{rapid.IntRange(0, 9).Draw(t, "tick"), anyInput().Draw(t, "input")}
		}), 1, 3).Draw(t, "script")
		for _, step := range script {
			seen[reflect.TypeOf(step.Input).Name()] = true
			line := FormatInput(step.Input)
			in, err := ParseInput(line)
			if err != nil || !sameInputs.DeepEqual(in, step.Input) {
				t.Fatalf("%s: %v\nreads back as %#v\nwas           %#v", line, err, in, step.Input)
			}
			if strings.Contains(line, "\n") || strings.Contains(step.Input.line(), "\n") {
				t.Fatalf("more than a line: %q", line)
			}
		}
		text := Script(script).String()
		if read, err := ParseScript(text); err != nil || !sameInputs.DeepEqual(read, Script(script)) {
			t.Fatalf("%v: %s", err, text)
		}
	})
}

// Numbers beyond the precision of a float are kept.
func TestLargeNumbersReadBack(t *testing.T) {
	grace := int64(math.MaxInt64)
	ds := fleetSet("v1", "1")
	ds.Spec.Template.Spec.TerminationGracePeriodSeconds = &grace
	ds.Status.ObservedGeneration = math.MaxInt64
	in, err := ParseInput(FormatInput(Apply{Object: ds, Unvalidated: true}))
	if err != nil || !sameInputs.DeepEqual(in, Apply{Object: ds, Unvalidated: true}) {
		t.Errorf("%v: %#v", err, in)
	}
}

// The error names every mistake in a script, each with its line.
func TestScriptNamesEveryMistake(t *testing.T) {
	_, err := ParseScript(`
at 1 node-down n1
at -1 node-ready n1
node-flies n1
node-ready
  # indented
never-ready v1 on
undo default/agent to yesterday
delete default/agent slowly
edit-node n1: label a, cordon
apply {"metadata": {"nmae": "agent"}}
apply agent
node-ready n1 n2
at 4 node-ready "n1`)
	want := `line 3: tick "-1": must be a number that is not negative
line 4: "node-flies n1": no input is called "node-flies"
line 5: "node-ready": a word is missing
line 7: "never-ready v1 on": on no node
line 8: "undo default/agent to yesterday": "yesterday": must be a number
line 9: "delete default/agent slowly": propagation "slowly": must be background, foreground or orphan
line 10: "edit-node n1: label a, cordon": edit "label a": must be label key=value or label key-
line 11: "apply {\"metadata\": {\"nmae\": \"agent\"}}": error unmarshaling JSON: while decoding JSON: json: unknown field "nmae"
line 12: "apply agent": an object in braces is missing
line 13: "node-ready n1 n2": "n2" is too much
line 14: "node-ready \"n1": a quotation does not end`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

// Play is all or nothing.
func TestPlayIsAllOrNothing(t *testing.T) {
	s := fleet(t, 1, "1")
	err := s.Play(Script{{5, NodeDown{"node-0000000"}}, {-3, NodeReady{"a"}}, {5, NodeReady{}}})
	if want := "tick -3: must be after tick 1 and not after 1073741823\nnode-ready: no node"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if len(s.inputs) != 0 {
		t.Error("half a script is played")
	}
}

// No line makes the parser panic, and what it accepts prints and reads back.
func FuzzParseInput(f *testing.F) {
	for _, seed := range []string{
		`apply {"metadata":{"name":"agent"},"spec":{"minReadySeconds":3}}`, "apply unvalidated {metadata: {name: a}}", "undo default/agent to 3",
		"delete default/agent orphan", `apply-node {"metadata":{"name":"n"}}`, "edit-node n1: label a=b, taint k=v:NoSchedule, taint k-, cordon",
		`edit-node "n 1": uncordon`, "never-ready v1 on n1 n2", `drain n1 --force --grace-period=0 --timeout=1m "--pod-selector=a in (b, c)"`, "evict-pods n", "crash-loop v2 after 30s on n1", "image-pull-fails v2", "reject-pods OutOfcpu image v1 on n1", "recover", `node-down "\xff"`, "at 3 node-ready n", "", "fail-pods", `"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		in, err := ParseInput(line)
		if err != nil || in.check() != nil {
			return
		}
		again, err := ParseInput(FormatInput(in))
		if err != nil || !sameInputs.DeepEqual(in, again) {
			t.Errorf("%q is %#v, which reads back as %#v: %v", line, in, again, err)
		}
	})
}
