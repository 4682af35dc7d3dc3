package dryrun

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/berthsim/berth/placement"
)

// changeBlock is a group of nodes that change for the same reasons.
type changeBlock struct {
	head  string // "! newly pending"
	nodes []string
	why   []string
}

// mostBlocks limits the groups of nodes in the text of one DaemonSet.
const mostBlocks = 20

// changesText returns the text of placement.Changes.String with equal reasons grouped,
// whichever pod they name, and with long lists cut short. It mentions running pods only
// where there are any: has reports whether a node has one.
func changesText(c placement.Changes, has func(node string) bool) string {
	var b strings.Builder
	blocks := changeBlocks(c.String(), has)
	for _, x := range blocks[:min(len(blocks), mostBlocks)] {
		b.WriteString(x.head)
		if len(x.nodes) > 0 {
			b.WriteString(": " + strings.Join(capped(x.nodes, mostNodes, "%d more"), " "))
		}
		b.WriteString("\n")
		for _, line := range x.why {
			b.WriteString(line + "\n")
		}
	}
	if more := len(blocks) - mostBlocks; more > 0 {
		fmt.Fprintf(&b, "  and %d more groups of nodes\n", more)
	}
	return b.String()
}

// suffix is the random end of a pod's name (k8s.io/apimachinery/pkg/util/rand/rand.go:
// alphanums).
var suffix = regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{5}\b`)

func changeBlocks(text string, has func(string) bool) []*changeBlock {
	var all []*changeBlock
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch head, names, ok := cutLast(line); {
		case strings.HasPrefix(line, "      ") && len(all) > 0:
			all[len(all)-1].why = append(all[len(all)-1].why, suffix.ReplaceAllString(line, ""))
		case !ok:
			all = append(all, &changeBlock{head: line})
		default:
			all = append(all, &changeBlock{head: head, nodes: strings.Fields(names)})
		}
	}
	return joined(bySubject(all, has))
}

// cutLast cuts a line that names nodes after its last colon. It returns false for the
// lines with counts, which have no colon.
func cutLast(line string) (head, names string, ok bool) {
	i := strings.LastIndex(line, ": ")
	if i < 0 || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") {
		return line, "", false
	}
	return line[:i], line[i+2:], true
}

// podless maps a heading about a running pod to the one used on nodes without a pod.
var podless = []struct{ head, said string }{
	{"~ kept only: ", "~ no longer wanted, and no pod is there"},
	{"~ kept: ", "~ not wanted, and no pod is there"},
	{"- dropped: ", "- no longer kept, and no pod is there"},
}

// bySubject splits blocks that mention running pods into nodes with a pod and nodes
// without.
func bySubject(blocks []*changeBlock, has func(string) bool) []*changeBlock {
	var all []*changeBlock
	for _, x := range blocks {
		i := slices.IndexFunc(podless, func(p struct{ head, said string }) bool { return strings.HasPrefix(x.head+": ", p.head) })
		if i < 0 {
			all = append(all, x)
			continue
		}
		with, without := &changeBlock{head: x.head, why: x.why}, &changeBlock{head: podless[i].said, why: x.why}
		for _, node := range x.nodes {
			to := without
			if has(node) {
				to = with
			}
			to.nodes = append(to.nodes, node)
		}
		for _, part := range []*changeBlock{with, without} {
			if len(part.nodes) > 0 {
				all = append(all, part)
			}
		}
	}
	return all
}

// joined merges blocks with the same head and reasons.
func joined(blocks []*changeBlock) []*changeBlock {
	known := map[string]*changeBlock{}
	var all []*changeBlock
	for _, x := range blocks {
		id := strings.Join(append([]string{x.head}, x.why...), "\n")
		if first := known[id]; first != nil && len(x.nodes) > 0 {
			first.nodes = append(first.nodes, x.nodes...)
			continue
		}
		known[id], all = x, append(all, x)
	}
	return all
}

// hasPod reports whether the DaemonSet has a pod on a node before the plan.
func (e effect) hasPod() func(node string) bool {
	by := podsByNode(e.course().before[e.key])
	return func(node string) bool { return len(by[node]) > 0 }
}
