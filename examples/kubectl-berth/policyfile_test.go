package main

import (
	"cmp"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/golden"
)

// Every format is tested with a change that meets the policies and one that violates
// some.
func TestPolicies(t *testing.T) {
	keeps := []string{"--cluster", nodes, "-f", agent, "--policy", "policies.yaml", "--start", "5s", "--ready", "20s"}
	breaks := append(keeps, "--edit", "kubernetes.io/arch=arm64: taint maintenance=true:NoExecute")
	for name, test := range map[string]struct {
		code int
		args []string
	}{
		"kept": {exitHolds, keeps}, "broken": {exitFails, breaks},
	} {
		for _, format := range []string{"table", "json", "yaml", "junit", "github", "sarif"} {
			t.Run(name+" "+format, func(t *testing.T) {
				code, out, errs := call("", append(test.args, "-o", format)...)
				if code != test.code {
					t.Errorf("ended with %d: %s%s", code, out, errs)
				}
				golden.Compare(t, filepath.Join("testdata", name+"."+cmp.Or(map[string]string{"table": "txt", "junit": "xml"}[format], format)), out)
			})
		}
	}
}

func TestJUnitIsXML(t *testing.T) {
	text, err := os.ReadFile("testdata/broken.xml")
	if err != nil {
		t.Fatal(err)
	}
	var got testSuites
	if err := xml.Unmarshal(text, &got); err != nil || got.Suite.Failures != 2 || got.Suite.Tests != len(got.Suite.Cases) {
		t.Errorf("%v: %+v", err, got.Suite)
	}
}

// Every mistake in a policy file is an error with its line and path, all at once.
func TestPolicyFileIsStrict(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", `p.yaml:1: policies: is required`},
		{"[]", "p.yaml:1: the file: must be a mapping\np.yaml:1: policies: must be a list with at least one policy"},
		{"policies: []", `p.yaml:1: policies: must be a list with at least one policy`},
		{"policies:\n- cover: a=b", "p.yaml:2: policies[0].cover: unknown field; must be one of name, for, covers, avoids, atLeast, of, per, within, available, exactlyOne, reschedules, completes, edits, keepsAvailable, except, budgetsOpen, budgets, allowEmpty\np.yaml:2: policies[0]: must have one of covers, avoids, atLeast, within, exactlyOne, reschedules, completes, keepsAvailable, budgetsOpen"},
		{"polices: 1\npolicies:\n- covers: a=b", `p.yaml:1: polices: unknown field; must be one of sets, policies`},
		{"policies:\n- covers: gpu", `p.yaml:2: policies[0].covers: "gpu": no such set; must be one of sets, or a label selector with an operator as in pool=gpu`},
		{"policies:\n- covers: a=b\n  covers: a=c", `p.yaml:3: policies[0].covers: is there twice`},
		{"policies:\n- covers: a=b\n  avoids: a=c", `p.yaml:3: policies[0].avoids: cannot be used with covers: a policy has one of covers, avoids, atLeast, within, exactlyOne, reschedules, completes, keepsAvailable, budgetsOpen`},
		{"policies:\n- covers: a=b\n  per: zone", `p.yaml:3: policies[0].per: cannot be used with covers`},
		{"policies:\n- atLeast: many", `p.yaml:2: policies[0].atLeast: amount "many": must be a number or a percentage up to 100%`},
		{"policies:\n- atLeast: 120%", `p.yaml:2: policies[0].atLeast: amount "120%": must be a number or a percentage up to 100%`},
		{"policies:\n- within: 10", `p.yaml:2: policies[0].within: must be a duration as 10m or 1h30m` + "\n" + `p.yaml:2: policies[0]: within needs available: a number or a percentage of pods`},
		{"policies:\n- within: 10m\n  available: -1", `p.yaml:3: policies[0].available: amount "-1": must not be negative`},
		{"sets: {a: 'b in'}\npolicies:\n- covers: a", `p.yaml:1: sets.a: label selector "b in": `},
		{"sets: {a: {labels: x=y}}\npolicies:\n- covers: a", `p.yaml:1: sets.a.labels: unknown field; must be one of selector, tainted, without`},
		{"policies:\n- reschedules: '*'\n  for: a/b", `p.yaml:3: policies[0].for: cannot be used with reschedules, which names pods itself`},
		{"policies:\n- covers: a=b\n  allowEmpty: perhaps", `p.yaml:3: policies[0].allowEmpty: must be true or false`},
		{"policies:\n- covers: a=b\n  for: [{}]", `p.yaml:3: policies[0].for[0]: must be a word`},
		{"policies:\n- completes: soon", `p.yaml:2: policies[0].completes: must be a duration as 10m or 1h30m`},
		{"policies:\n- completes: 10m\n  for: a/b", `p.yaml:3: policies[0].for: cannot be used with completes, which names edits`},
		{"policies:\n- keepsAvailable: 90%\n  except: some", `p.yaml:3: policies[0].except: must be a number of domains`},
		{"policies:\n- covers: a=b\n  edits: drain *", `p.yaml:3: policies[0].edits: cannot be used with covers`},
		{"policies:\n- budgetsOpen: 5m\n  edits: drain *", `p.yaml:3: policies[0].edits: cannot be used with budgetsOpen`},
		{"policies: [", "p.yaml: yaml: line 1: "},
	} {
		_, err := readPolicies("p.yaml", []byte(test.text))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: got\n%v\nwant\n%s", test.text, err, test.want)
		}
	}
}

func FuzzPolicyFile(f *testing.F) {
	text, err := os.ReadFile("policies.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("policies: [{atLeast: 3, of: {tainted: 'a:b'}}]")
	f.Fuzz(func(t *testing.T, text string) {
		if all, err := readPolicies("p.yaml", []byte(text)); err == nil && len(all) == 0 {
			t.Error("neither policies nor an error")
		}
	})
}
