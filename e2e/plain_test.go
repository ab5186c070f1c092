// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/fabric"
)

func TestPlainChaincode(t *testing.T) {
	ctx, n := startNetwork(t)
	s, err := n.ServePlain(ctx, "asset", filepath.Join(bin(t), "samples", "asset-plain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if _, err := n.As(n.Orgs[1].Client).Submit(ctx, fabric.Call{Chaincode: "asset", Args: fabric.Args("CreateAsset", "a1", "ann", "blue", "100")}); err != nil {
		t.Fatal(err)
	}
	for i, org := range n.Orgs {
		answer, err := n.At(i, org.Client).Evaluate(ctx, fabric.Call{Chaincode: "asset", Args: fabric.Args("ReadAsset", "a1")})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(answer.Payload), "blue") {
			t.Errorf("asset at %s: got %s, want a blue one", org.MSPID, answer.Payload)
		}
	}
}
