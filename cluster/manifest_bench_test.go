package cluster_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/internal/gen"
)

const dumpNodes = 30

// BenchmarkReadJSON compares reading a dump with decoders that do a part of the
// work: json v2, and the decoder of the API server with the same checks, item by
// item into types that are known beforehand.
func BenchmarkReadJSON(b *testing.B) {
	var text bytes.Buffer
	if err := gen.WriteJSON(&text, gen.Dump(dumpNodes)); err != nil {
		b.Fatal(err)
	}
	items := rawItems(b, text.Bytes())
	into := make([]func() any, len(items))
	for i, raw := range items {
		into[i] = typeOf(b, raw)
	}
	bench := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	bench("berth", func() error {
		_, err := cluster.ReadManifest(bytes.NewReader(text.Bytes()))
		return err
	})
	bench("json v2", func() error {
		d := jsontext.NewDecoder(bytes.NewReader(text.Bytes()))
		for d.PeekKind() != '[' {
			if _, err := d.ReadToken(); err != nil {
				return err
			}
		}
		_, err := d.ReadToken()
		for i := 0; err == nil && d.PeekKind() == '{'; i++ {
			err = jsonv2.UnmarshalDecode(d, into[i]())
		}
		return err
	})
	bench("sigs.k8s.io/json", func() error {
		for i, raw := range items {
			if strict, err := kjson.UnmarshalStrict(raw, into[i]()); err != nil || len(strict) > 0 {
				return fmt.Errorf("%v %w", strict, err)
			}
		}
		return nil
	})
}

func rawItems(b *testing.B, text []byte) []json.RawMessage {
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(text, &list); err != nil {
		b.Fatal(err)
	}
	return list.Items
}

func typeOf(b *testing.B, raw []byte) func() any {
	var of struct{ Kind string }
	if err := json.Unmarshal(raw, &of); err != nil {
		b.Fatal(err)
	}
	switch of.Kind {
	case "Node":
		return func() any { return new(corev1.Node) }
	case "Pod":
		return func() any { return new(corev1.Pod) }
	case "DaemonSet":
		return func() any { return new(appsv1.DaemonSet) }
	case "ControllerRevision":
		return func() any { return new(appsv1.ControllerRevision) }
	case "Deployment":
		return func() any { return new(appsv1.Deployment) }
	case "ReplicaSet":
		return func() any { return new(appsv1.ReplicaSet) }
	case "PodDisruptionBudget":
		return func() any { return new(policyv1.PodDisruptionBudget) }
	}
	b.Fatal(of.Kind)
	return nil
}

// BenchmarkReadYAML compares reading a dump with kubectl's way: sigs.k8s.io/yaml
// converts it to JSON, and the decoder of the API server decodes the items.
func BenchmarkReadYAML(b *testing.B) {
	var text, asJSON bytes.Buffer
	if err := errors.Join(gen.WriteYAML(&text, gen.Dump(dumpNodes)), gen.WriteJSON(&asJSON, gen.Dump(dumpNodes))); err != nil {
		b.Fatal(err)
	}
	var into []func() any
	for _, raw := range rawItems(b, asJSON.Bytes()) {
		into = append(into, typeOf(b, raw))
	}
	b.Run("berth", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cluster.ReadManifest(bytes.NewReader(text.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sigs.k8s.io/yaml", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		b.ReportAllocs()
		for b.Loop() {
			var list struct{ Items []json.RawMessage }
			if err := yaml.Unmarshal(text.Bytes(), &list); err != nil {
				b.Fatal(err)
			}
			for i, raw := range list.Items {
				if _, err := kjson.UnmarshalStrict(raw, into[i]()); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkManifestCluster makes a cluster from the objects of a dump.
func BenchmarkManifestCluster(b *testing.B) {
	var text bytes.Buffer
	if err := gen.WriteJSON(&text, gen.Dump(dumpNodes)); err != nil {
		b.Fatal(err)
	}
	before := liveHeap()
	m, err := cluster.ReadManifest(bytes.NewReader(text.Bytes()))
	if err != nil {
		b.Fatal(err)
	}
	objects := len(m.Objects())
	read := liveHeap() - before
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Cluster(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*objects), "ns/object")
	b.ReportMetric(float64(read)/float64(objects), "B/object-read")
	c, _ := m.Cluster()
	b.ReportMetric(float64(liveHeap()-before-read)/float64(objects), "B/object-more")
	runtime.KeepAlive(c)
	runtime.KeepAlive(m)
}

func liveHeap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
