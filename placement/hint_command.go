package placement

import "strings"

// commands returns the kubectl commands that make all steps of the hint. It
// returns an empty list if some step has no command.
func (h Hint) commands(w *Workload) []string {
	all := []string{}
	if h.changesPod() {
		if h.Patch == "" || w.daemonSet == nil {
			return all
		}
		all = append(all, patchCommand(w.daemonSet.Name, w.daemonSet.Namespace, h.Patch))
	}
	for _, s := range h.Steps {
		if !s.onNode() {
			continue
		}
		command := s.command(h.Nodes.Names())
		if command == "" {
			return []string{}
		}
		all = append(all, command)
	}
	return all
}

func patchCommand(name, namespace, patch string) string {
	words := []string{"kubectl", "patch", "daemonset", name}
	if namespace != "" {
		words = append(words, "-n", namespace)
	}
	return shell(append(words, "-p", patch)...)
}

// command returns the command for a step on nodes, or "" if there is none.
func (s HintStep) command(nodes []string) string {
	if s.Node == nil {
		return ""
	}
	verb, edit, _ := strings.Cut(s.Node.String(), " ")
	switch verb {
	case "cordon", "uncordon":
		return shell(append([]string{"kubectl", verb}, nodes...)...)
	case "taint":
		return shell(append(append([]string{"kubectl", "taint", "nodes"}, nodes...), edit)...)
	case "label":
		return shell(append(append([]string{"kubectl", "label", "--overwrite", "nodes"}, nodes...), edit)...)
	}
	return ""
}

// shell joins words to a command for a POSIX shell.
func shell(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		if quoted[i] = word; word == "" || strings.ContainsFunc(word, special) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// special reports whether a shell may interpret a character.
func special(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:=,@%+", r))
}
