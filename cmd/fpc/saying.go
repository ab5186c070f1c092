// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strings"
)

// saying is a line of an error, and which servers say it.
type saying struct {
	before  string   // what stands before the servers
	kind    string   // peer, orderer; empty: the line is no server's
	servers []string // addresses
	text    string
}

// serverSays is how a line begins that is a server's.
var serverSays = regexp.MustCompile(`^(.*?)\b(peer|orderer) (\S+?)(: .*| refused .*| cannot .*)$`)

func sayingOf(line string) saying {
	found := serverSays.FindStringSubmatch(line)
	if found == nil {
		return saying{text: line}
	}
	return saying{before: found[1], kind: found[2], servers: found[3:4:4], text: found[4]}
}

// takes adds the servers of a line that says the same, and tells whether it does.
func (s *saying) takes(next saying) bool {
	if s.kind != next.kind || s.text != next.text || next.before != "" && next.before != s.before {
		return false
	}
	for _, address := range next.servers {
		if !slices.Contains(s.servers, address) {
			s.servers = append(s.servers, address)
		}
	}
	return true
}

func (s *saying) String() string {
	switch len(s.servers) {
	case 0:
		return s.text
	case 1:
		return s.before + s.kind + " " + s.servers[0] + s.text
	}
	return s.before + s.kind + "s " + strings.Join(s.servers, ", ") + s.text
}
