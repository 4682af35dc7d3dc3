package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metrics is what one benchmark said, by unit.
type metrics map[string]float64

// samples is the passes; each has every benchmark by its name.
type samples []map[string]metrics

var cores = regexp.MustCompile(`-\d+$`)

// parse reads what go test -bench prints: a name, how often, and values with their units.
func parse(out string, into map[string]metrics) {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		m := metrics{}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				m[fields[i+1]] = v
			}
		}
		into[cores.ReplaceAllString(fields[0], "")] = m
	}
}

// table is the rows in Markdown. A row whose benchmark did not run is an error.
func table(all samples, rows []row) (string, error) {
	var b strings.Builder
	b.WriteString("| question | nodes | Kubernetes 1.37.2 | berth | ratio |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		ours, err := all.values(r.ours, r.unit)
		if err != nil {
			return "", err
		}
		theirs, ratio := "", ""
		if r.kubernetes != "" {
			base, err := all.values(r.kubernetes, r.unit)
			if err != nil {
				return "", err
			}
			ratios := make([]float64, len(base))
			for i := range base {
				ratios[i] = base[i] / ours[i]
			}
			theirs, ratio = amount(median(base), r), short(median(ratios))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.question, r.nodes, theirs, amount(median(ours), r), ratio)
	}
	return b.String(), nil
}

// values returns a metric of one benchmark, one value per pass.
func (s samples) values(name, unit string) ([]float64, error) {
	var all []float64
	for _, pass := range s {
		v, ok := pass[name][unit]
		if !ok {
			return nil, fmt.Errorf("%s has given no %s", name, unit)
		}
		all = append(all, v)
	}
	return all, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// amount is a value with its unit and what it is for.
func amount(v float64, r row) string {
	text := ""
	switch {
	case !strings.HasPrefix(r.unit, "ns/"):
		text = short(v) + " bytes"
	case v < 1e3:
		text = short(v) + " ns"
	case v < 1e6:
		text = short(v/1e3) + " µs"
	case v < 1e9:
		text = short(v/1e6) + " ms"
	default:
		text = short(v/1e9) + " s"
	}
	return strings.TrimSuffix(text+" "+r.per, " in all")
}

// short is a number with two digits that mean something, or all before the point.
func short(v float64) string {
	switch {
	case v < 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// heading returns where, when and how the table was made.
func heading(passes int) string {
	return fmt.Sprintf("`cd internal/conformance && go run ./speed`, %s, %d cores (%s), %s: medians of %d passes.\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), processor(), strings.Replace(runtime.Version(), "go", "Go ", 1), passes)
}

// processor is its name, where the system tells it.
func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(data)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
