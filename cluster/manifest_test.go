package cluster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berthsim/berth/internal/apiserver/kinds"
)

// TestManifestScenarios shows the messages that users read. The name of each file is
// the claim. "read" prints what ReadManifest found, "cluster" what Manifest.Cluster
// then reports. Arguments change the input: crlf, bom, utf16, tabs (» is a tab), or
// are options: strict, skip.
func TestManifestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/manifest", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			m, err := ReadManifest(strings.NewReader(disguise(d.Input, d)), readOptionsOf(d)...)
			switch {
			case d.Cmd == "cluster" && err == nil:
				_, err = m.Cluster()
			case d.Cmd != "read":
				d.Fatalf(t, "%s: %v", d.Cmd, err)
			}
			return describeManifest(m, err)
		})
	})
}

func readOptionsOf(d *datadriven.TestData) (opts []ReadOption) {
	if d.HasArg("strict") {
		opts = append(opts, Strict())
	}
	if d.HasArg("skip") {
		opts = append(opts, SkipInvalid())
	}
	return opts
}

func disguise(text string, d *datadriven.TestData) string {
	text = strings.ReplaceAll(text, "»", "\t")
	if d.HasArg("crlf") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if d.HasArg("bom") {
		text = "\ufeff" + text
	}
	if d.HasArg("utf16") {
		text = inUTF16(text)
	}
	return text
}

func inUTF16(text string) string {
	out := []byte{0xff, 0xfe}
	for _, r := range text { // no scenario leaves the first plane
		out = append(out, byte(r), byte(r>>8))
	}
	return string(out)
}

// describeManifest prints objects, remarks and mistakes, one per line.
func describeManifest(m *Manifest, err error) string {
	var b strings.Builder
	for _, o := range m.Objects() {
		meta := o.(metav1.Object)
		fmt.Fprintln(&b, kinds.ObjectName(kinds.Of(o).Name, meta.GetNamespace(), meta.GetName()))
	}
	for _, s := range m.Skipped {
		fmt.Fprintln(&b, "skipped:", s)
	}
	if notes := m.Summary(); notes != "" {
		fmt.Fprintln(&b, "warning:", strings.ReplaceAll(notes, "\n", "\nwarning: "))
	}
	if err != nil {
		fmt.Fprintln(&b, "error:", strings.ReplaceAll(err.Error(), "\n", "\nerror: "))
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}
