// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestDeploy(t *testing.T) {
	checked, problems := lint(t.Context(), "..")
	for _, p := range problems {
		t.Error(p)
	}
	if checked < 9 {
		t.Errorf("got %d files, want 9 and more", checked)
	}
}

// What is wrong is found.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		check            func(text string) []error
	}{
		{"misspelt field", "apiVersion: v1\nkind: Service\nspec: {selectr: {a: b}}\n", "selectr", func(s string) []error { return manifests(t.Context(), "x", []byte(s)) }},
		{"wrong type", "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: two}\n", "replicas", func(s string) []error { return manifests(t.Context(), "x", []byte(s)) }},
		{"unknown kind", "apiVersion: v1\nkind: Servce\n", "Servce", func(s string) []error { return manifests(t.Context(), "x", []byte(s)) }},
		{"other container", "spec: {template: {spec: {containers: [{name: peeer}]}}}\n", "2 containers", func(s string) []error { return patch(t.Context(), "x", []byte(s)) }},
		{"no such instruction", "FROM scratch\nCOPPY a b\n", "COPPY", func(s string) []error { return dockerfile(t.Context(), "x", []byte(s)) }},
		{"unset variable", "FROM scratch\nENV A=$B\n", "UndefinedVar", func(s string) []error { return dockerfile(t.Context(), "x", []byte(s)) }},
		{"small letters", "from scratch\nCOPY a b\nrun x\n", "ConsistentInstructionCasing", func(s string) []error { return dockerfile(t.Context(), "x", []byte(s)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var said []string
			for _, p := range test.check(test.text) {
				said = append(said, p.Error())
			}
			if !strings.Contains(strings.Join(said, "\n"), test.want) {
				t.Errorf("got %q, want %s named", said, test.want)
			}
		})
	}
}
