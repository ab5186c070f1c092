// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// set parses an answer's read/write set.
func set(t testing.TB, a *full.Answer) *rwset.Set {
	t.Helper()
	s, err := rwset.Parse(a.Endorsement.Action().ReadWriteSet)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// written returns what an answer writes under a key.
func written(t testing.TB, a *full.Answer, key string) []byte {
	t.Helper()
	for _, ns := range set(t, a).Namespaces {
		for _, w := range ns.Writes {
			if w.Key == key {
				return w.Value
			}
		}
	}
	t.Fatalf("key %q is not written", key)
	return nil
}

// policyCall writes a key and sets its policy, taken from an application policy.
func policyCall(t testing.TB, key string, application []byte) *fpc.ClearRequest {
	t.Helper()
	return &fpc.ClearRequest{Args: [][]byte{[]byte("put:" + key + "=v"), append([]byte("policy:"+key+"="), signaturePolicy(t, application)...)}}
}

func signaturePolicy(t testing.TB, application []byte) []byte {
	t.Helper()
	m := &peer.ApplicationPolicy{}
	if err := proto.Unmarshal(application, m); err != nil {
		t.Fatal(err)
	}
	return encode(t, m.GetSignaturePolicy())
}
