package clustertest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/cluster/clustertest"
)

// Each word sets these fields of a DaemonSet's spec.
func TestWordsOfDaemonSets(t *testing.T) {
	for _, tt := range []struct{ word, want string }{
		{"on:a=b", `{template: {spec: {nodeSelector: {a: b}}}}`},
		{"affinity:a,!b,c=x|z,d!=x,e>1,f<2,metadata.name=web", `
template: {spec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{
  matchExpressions: [{key: a, operator: Exists}, {key: b, operator: DoesNotExist}, {key: c, operator: In, values: [x, z]},
    {key: d, operator: NotIn, values: [x]}, {key: e, operator: Gt, values: ["1"]}, {key: f, operator: Lt, values: ["2"]}],
  matchFields: [{key: metadata.name, operator: In, values: [web]}]}]}}}}}`},
		{"affinity:", `{template: {spec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}]}}}}}}`},
		{"prefer:10:a", `
template: {spec: {affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [
  {weight: 10, preference: {matchExpressions: [{key: a, operator: Exists}]}}]}}}}`},
		{"tolerate:*", `{template: {spec: {tolerations: [{operator: Exists}]}}}`},
		{"tolerate:a", `{template: {spec: {tolerations: [{key: a, operator: Exists}]}}}`},
		{"tolerate:a=b:NoSchedule", `{template: {spec: {tolerations: [{key: a, operator: Equal, value: b, effect: NoSchedule}]}}}`},
		{"tolerate:*:NoExecute:1m", `{template: {spec: {tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: 60}]}}}`},
		{"node:web", `{template: {spec: {nodeName: web}}}`},
		{"host-network", `{template: {spec: {hostNetwork: true}}}`},
		{"class:c", `{template: {spec: {priorityClassName: c}}}`},
		{"grace:5s", `{template: {spec: {terminationGracePeriodSeconds: 5}}}`},
		{"cpu:100m", `{template: {spec: {containers: [{name: main, image: registry.example.com/a:1, resources: {requests: {cpu: 100m}}}]}}}`},
		{"example.com/gpu:1", `{template: {spec: {containers: [{name: main, image: registry.example.com/a:1, resources: {requests: {example.com/gpu: 1}, limits: {example.com/gpu: 1}}}]}}}`},
		{"port:53/udp", `{template: {spec: {containers: [{name: main, image: registry.example.com/a:1, ports: [{containerPort: 53, hostPort: 53, protocol: UDP}]}]}}}`},
		{"image:host:5000/i:2", `{template: {spec: {containers: [{name: main, image: "host:5000/i:2"}]}}}`},
		{"min-ready:10s", `{minReadySeconds: 10}`},
		{"history:0", `{revisionHistoryLimit: 0}`},
		{"on-delete", `{updateStrategy: {type: OnDelete}}`},
		{"max-unavailable:10%", `{updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 10%}}}`},
		{"max-surge:2", `{updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 2}}}`},
	} {
		t.Run(tt.word, func(t *testing.T) {
			got, want := clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("a", tt.word)), clustertest.Object[*appsv1.DaemonSet](t, clustertest.DaemonSet("a"))
			if err := yaml.UnmarshalStrict([]byte(tt.want), &want.Spec); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if errs := cluster.Validate(got); len(errs) > 0 && tt.word != "class:c" {
				t.Error(errs)
			}
		})
	}
}

// Every kind of spec reports unknown words, all of them at once.
func TestMistakesInWords(t *testing.T) {
	for _, tt := range []struct {
		spec clustertest.Spec
		want string // expected in every line
	}{
		{clustertest.Node("a", "cordonned", "taint:x", "cpu:much", "bad key=x", "zone=a b", "tolerate:*", ""), `a: "`},
		{clustertest.Pool("a", 2, "-=b"), `a: "-=b"`},
		{clustertest.Pool("a", -1), `a: a pool of -1 nodes`},
		{clustertest.DaemonSet("a", "cordoned", "on:x", "tolerate:", "port:http", "grace:1ms", "min-ready:99999999h", "prefer:a", "affinity:a,", "affinity:a!b", "history:99999999999"), `a: "`},
		{clustertest.Pod("a", "max-surge:1", "on-delete", "asleep"), `a: "`},
	} {
		objects, err := tt.spec.Objects()
		if err == nil || objects != nil {
			t.Errorf("%v: %v", tt.spec, objects)
			continue
		}
		t.Log(err)
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, tt.want) {
				t.Errorf("%v: %s", tt.spec, line)
			}
		}
	}
}

func TestEveryMistakeOfATextIsNamed(t *testing.T) {
	_, err := clustertest.Parse("a\npool\npool b\n\npool c x\n# pool\ndaemonset\npod")
	want := []string{"line 2: pool: want", "line 3: pool b: want", "line 5: pool c: want", "line 7: daemonset: want", "line 8: pod: want"}
	if err == nil || len(strings.Split(err.Error(), "\n")) != len(want) {
		t.Fatal(err)
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%s, want %s", line, want[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("web-1 zone=a taint:dedicated=gpu:NoSchedule cordoned\npool spot 2 zone=a|b\ndaemonset agent tolerate:* prefer:1:a>1\npod shop/cart node:web-1")
	f.Add("node pod cpu:1 not-ready hostname\npod a port:1/udp grace:1s\ndaemonset b affinity:,! max-surge:x%")
	f.Add("node #web")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := clustertest.ParseWorld(text)
		if err != nil || strings.Contains(text, "pool") { // a pool may be larger than the machine
			return
		}
		again, err := clustertest.ParseWorld(w.String())
		if err != nil || again.String() != w.String() {
			t.Fatalf("%q: %q, %v", w, again, err)
		}
		if c, err := clustertest.Parse(text); (c == nil) == (err == nil) {
			t.Fatal(c, err)
		}
	})
}

// An unknown word in an option fails the test and names the known ones. Case does not
// matter.
func TestUnknownPlatformsAndPools(t *testing.T) {
	for _, g := range []func() clustertest.World{
		func() clustertest.World {
			return clustertest.Clusters(clustertest.WithPlatforms("eks", "EKSS"), clustertest.WithPools("gpuu")).Example(1)
		},
		func() clustertest.World {
			return clustertest.World{clustertest.DaemonSets(clustertest.WithPlatforms("EKSS"), clustertest.WithPools("gpuu")).Example(1)}
		},
	} {
		message := func() (text string) {
			defer func() { text = fmt.Sprint(recover()) }() // Example panics where a test would fail
			return g().String()
		}()
		for _, part := range []string{`no such platform: "EKSS": must be one of OnPremises, EKS, GKE, AKS`, `no such kind of pool: "gpuu": must be one of Linux, `} {
			if !strings.Contains(message, part) || strings.Contains(message, `"eks"`) {
				t.Errorf("%q is not in: %s", part, message)
			}
		}
	}
}
