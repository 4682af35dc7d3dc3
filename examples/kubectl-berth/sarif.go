package main

import (
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// The types of SARIF 2.1.0 that are written
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// writeSARIF writes a result for each claim that does not hold.
func writeSARIF(w io.Writer, claims []claim) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "kubectl-berth", InformationURI: "https://github.com/berthsim/berth", Rules: []sarifRule{}}
	index := map[string]int{}
	for _, c := range claims {
		if c.level == levelOK {
			continue
		}
		at, ok := index[c.rule]
		if !ok {
			at = len(run.Tool.Driver.Rules)
			index[c.rule] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{c.rule})
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: c.rule, RuleIndex: at, Level: string(c.level),
			Message: sarifMessage{printable(strings.TrimSpace(c.message()))}, Locations: sarifLocations(c),
		})
	}
	return writeJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func sarifLocations(c claim) []sarifLocation {
	var l sarifLocation
	if c.at.file != "" && c.at.file != "-" {
		l.Physical = &sarifPhysical{Artifact: sarifArtifact{uriOf(c.at.file)}}
		if c.at.line > 0 {
			l.Physical.Region = &sarifRegion{c.at.line}
		}
	}
	if c.subject != "" {
		l.Logical = []sarifLogical{{printable(c.subject)}}
	}
	if l.Physical == nil && l.Logical == nil {
		return []sarifLocation{}
	}
	return []sarifLocation{l}
}

// uriOf returns the relative URI of a path.
func uriOf(file string) string {
	return (&url.URL{Path: filepath.ToSlash(filepath.Clean(file))}).EscapedPath()
}
