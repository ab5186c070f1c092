// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

func registryPolicy() *protocol.RegistryPolicy {
	return &protocol.RegistryPolicy{
		ChannelHash:       strings.Repeat("01", 32),
		MSPIDs:            []string{"Org1MSP", "Org2MSP", "Org3MSP"},
		LifecycleMajority: 2,
		MSPRootsHash:      strings.Repeat("02", 32),
		Attestation:       protocol.AttestationPolicy{Platforms: map[string]protocol.PlatformPolicy{"sim": {MinTCB: 1}}},
		Chaincodes:        []protocol.ChaincodePolicy{{ID: "auction", DesignatedMSP: "Org1MSP"}},
	}
}

func TestRegistryPolicySurvivesEncoding(t *testing.T) {
	b, err := registryPolicy().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	p, err := protocol.CheckPolicy("LC-5", b, protocol.PolicyVersion(b))
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Bytes()
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("encoded again: %s, %v, want %s", again, err, b)
	}
	if org, ok := p.DesignatedMSP("auction"); !ok || org != "Org1MSP" {
		t.Errorf("DesignatedMSP(auction) = %q, %v, want Org1MSP", org, ok)
	}
	if org, ok := p.DesignatedMSP("other"); ok {
		t.Errorf("DesignatedMSP(other) = %q, want none", org)
	}
	if got := p.ChannelHashBytes(); !bytes.Equal(got, bytes.Repeat([]byte{1}, 32)) {
		t.Errorf("ChannelHashBytes = %x", got)
	}
	if got := p.MSPRootsHashBytes(); !bytes.Equal(got, bytes.Repeat([]byte{2}, 32)) {
		t.Errorf("MSPRootsHashBytes = %x", got)
	}
	_, err = protocol.CheckPolicy("LC-5", append(b, ' '), protocol.PolicyVersion(b))
	wantCode(t, err, protocol.CodeWrongPolicy)
}

func TestRegistryPolicyIsStrict(t *testing.T) {
	good, err := registryPolicy().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("policy does not contain %q", old)
		}
		return bytes.Replace(good, []byte(old), []byte(with), 1)
	}
	tests := map[string][]byte{
		"empty":                 nil,
		"not JSON":              []byte("policy"),
		"null":                  []byte("null"),
		"unknown field":         replace(`"lifecycle_majority"`, `"x":1,"lifecycle_majority"`),
		"repeated field":        replace(`"lifecycle_majority"`, `"lifecycle_majority":1,"lifecycle_majority"`),
		"other case":            replace(`"lifecycle_majority"`, `"Lifecycle_majority"`),
		"truncated":             good[:10],
		"missing debug":         replace(",\n        \"allow_debug\": false", ""),
		"trailing data":         append(bytes.Clone(good), '{', '}'),
		"upper-case hash":       replace(strings.Repeat("01", 32), strings.Repeat("0A", 32)),
		"short hash":            replace(strings.Repeat("02", 32), "02"),
		"unsorted MSPs":         replace(`"Org1MSP",`, `"Org9MSP",`),
		"majority of none":      replace(`"lifecycle_majority": 2`, `"lifecycle_majority": 0`),
		"majority too large":    replace(`"lifecycle_majority": 2`, `"lifecycle_majority": 4`),
		"designated is unknown": replace(`"designated_msp": "Org1MSP"`, `"designated_msp": "OrgXMSP"`),
		"nameless chaincode":    replace(`"id": "auction"`, `"id": ""`),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := protocol.ParseRegistryPolicy(b)
			if err == nil {
				t.Fatalf("accepted as %+v", p)
			}
			wantCode(t, err, protocol.CodeMalformed)
		})
	}
}

// White space is not part of a policy's form, but of its size.
func TestAttack18OversizedPolicy(t *testing.T) {
	good, err := registryPolicy().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	_, err = protocol.ParseRegistryPolicy(append(good, bytes.Repeat([]byte(" "), 1<<20)...))
	wantCode(t, err, protocol.CodeTooLarge)
}

func TestRegistryPolicyChecksBeforeEncoding(t *testing.T) {
	for name, edit := range map[string]func(*protocol.RegistryPolicy){
		"no platform":         func(p *protocol.RegistryPolicy) { p.Attestation.Platforms = nil },
		"repeated chaincode":  func(p *protocol.RegistryPolicy) { p.Chaincodes = append(p.Chaincodes, p.Chaincodes[0]) },
		"repeated MSP":        func(p *protocol.RegistryPolicy) { p.MSPIDs[1] = "Org1MSP" },
		"no MSP":              func(p *protocol.RegistryPolicy) { p.MSPIDs = nil },
		"unsorted ledger ids": func(p *protocol.RegistryPolicy) { p.LedgerCodeIDs = []string{"b", "a"} },
	} {
		p := registryPolicy()
		edit(p)
		if b, err := p.Bytes(); protocol.CodeOf(err) != protocol.CodeMalformed {
			t.Errorf("%s: encoded as %s, error %v, want code %q", name, b, err, protocol.CodeMalformed)
		}
	}
}

func FuzzRegistryPolicy(f *testing.F) {
	good, err := registryPolicy().Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"channel_hash":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := protocol.ParseRegistryPolicy(b)
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Fatalf("error %v has no code", err)
			}
			return
		}
		canonical, err := p.Bytes()
		if err != nil {
			t.Fatalf("accepted policy does not encode: %v", err)
		}
		if _, err := protocol.ParseRegistryPolicy(canonical); err != nil {
			t.Fatalf("its own encoding %s is refused: %v", canonical, err)
		}
	})
}
