package kube_test

import (
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/kube"
)

func TestCheckReplicas(t *testing.T) {
	for _, test := range []struct {
		replicas *int32
		want     string
	}{
		{nil, ""}, {new(int32(0)), ""}, {new(int32(200_000)), ""},
		{new(int32(200_001)), "replicas 200001: berth accepts at most 200000"},
		{new(int32(-1)), "replicas -1: must not be negative"},
	} {
		got := ""
		if err := kube.CheckReplicas(test.replicas); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, test.want) || got != "" && test.want == "" {
			t.Errorf("CheckReplicas: %q, want %q", got, test.want)
		}
	}
}
