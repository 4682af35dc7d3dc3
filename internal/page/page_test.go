package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berthsim/berth/internal/golden"
	"github.com/berthsim/berth/rollout"
	"github.com/berthsim/berth/rollout/diagnosis"
	"github.com/berthsim/berth/rollout/timeline"
)

// large is the page of a rollout on many nodes in three zones.
func large(nodes int) Page {
	r := Rollout{Timeline: &timeline.Timeline{Key: "daemonset/ops/agent", Tick: time.Second}, Promised: nodes - nodes/10, places: map[string]place{}}
	p := Page{Title: "a rollout"}
	for i := range nodes {
		name := fmt.Sprintf("node-%04d", i)
		old := 3 * (i / (nodes / 10))
		r.Timeline.Names = append(r.Timeline.Names, name)
		letters := strings.Repeat("a", old) + "WR" + strings.Repeat("A", 28-old)
		if i%100 == 0 {
			letters = strings.Repeat("a", old) + "W" + strings.Repeat("R", 29-old)
		}
		r.Timeline.Rows = append(r.Timeline.Rows, letters)
		r.places[name] = place{zone: string(rune('a' + i%3)), pool: "web"}
		p.Nodes = append(p.Nodes, Node{name, "daemonset/ops/agent", "Placed", "Excluded", fmt.Sprintf("TaintToleration %d", i%2)})
	}
	p.Rollouts = []Rollout{r}
	return p
}

func written(t *testing.T, p Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page has everything in it: it names nothing outside.
func TestPageIsSelfContained(t *testing.T) {
	text := written(t, large(20))
	if outside := regexp.MustCompile(`(src|href|action)=|@import|url\(`).FindString(text); outside != "" {
		t.Errorf("the page has %s", outside)
	}
	if !strings.Contains(text, `content="default-src 'none';`) {
		t.Error("the page may fetch something")
	}
}

// Names and texts take effect nowhere: not as markup, not as script, not as control
// characters. Mutant seen to fail: names in the data of the script that are not cleaned.
func TestHostileNames(t *testing.T) {
	const name = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e'\"`${alert(1)}"
	r := Rollout{Timeline: &timeline.Timeline{Key: name, Names: []string{name}, Rows: []string{"aA"}}, Promised: -1, places: map[string]place{name: {zone: name, pool: name}}}
	x := &diagnosis.Diagnosis{Key: name, Cause: name, Reference: rollout.Reference{Text: name}, Blocking: []diagnosis.Wait{{Pod: name}},
		Remedies: []diagnosis.Remedy{{Description: name, Changes: []diagnosis.Change{{Command: name}}}}}
	text := written(t, Page{Title: name, Text: name, Checks: []Check{{true, name, name + "\n" + name}}, Nodes: []Node{{name, name, name, name, name}}, Rollouts: []Rollout{r}, Diagnoses: []*diagnosis.Diagnosis{x}})
	if n := strings.Count(text, "<script"); n != 2 {
		t.Errorf("%d scripts, want 2", n)
	}
	if strings.Contains(text, "<img") || strings.ContainsAny(text, "\x1b\u202e") {
		t.Error("markup or a control character takes effect")
	}
	_, data, _ := strings.Cut(text, `id="data">`)
	data, _, _ = strings.Cut(data, "</script>")
	var read map[string]any
	if err := json.Unmarshal([]byte(data), &read); err != nil || !strings.Contains(fmt.Sprint(read), "alert(1)") {
		t.Errorf("the data does not read back: %v", err)
	}
}

// The chart counts what the timeline shows.
func TestChart(t *testing.T) {
	r := Rollout{
		Timeline: &timeline.Timeline{Key: "daemonset/ops/agent", Tick: 2 * time.Second, Names: []string{"x", "y", "z"}, Rows: []string{"aaWA", "aWAA", "-..A"}},
		Promised: 1, places: map[string]place{"x": {zone: "a"}, "y": {zone: "b"}, "z": {zone: "b"}},
	}
	c := r.chart()
	if want := "daemonset/ops/agent: 2 available at first, at worst 1 after 2s, 3 in the end; the update limit keeps 1"; c.Words != want {
		t.Errorf("says %q, want %q", c.Words, want)
	}
	if len(c.Lines) != 3 || c.Lines[0].Points != "0,40 225,40 225,80 675,80 675,0 900,0" || c.PromisedY != 80 || c.Most != 3 || c.End != "8s" {
		t.Errorf("%+v", c)
	}
}

// The script of the page runs in node, where there is one, on a stand-in for a
// document: filters, pages and folding, and at most 200 rows of 5,000 nodes at a time.
func TestScript(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node to run the script of the page")
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(written(t, large(5000))), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(node, "testdata/dom.js", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	golden.Compare(t, "testdata/script.json", string(out))
	var said []struct {
		What string
		Rows int
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	for _, s := range said {
		if s.Rows > 200 {
			t.Errorf("%s: %d rows are drawn at once", s.What, s.Rows)
		}
	}
}
