// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package realfabric

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client/fabric"
)

// timeout bounds one test's calls to the network.
const timeout = 3 * time.Minute

// patience is the timeout of a test that is as long as FABRIC_ROUNDS makes it.
func patience(t *testing.T) time.Duration {
	return timeout + time.Duration(number(t, "FABRIC_ROUNDS", 20))*3*time.Second
}

// startNetwork starts a real network that ends with the test, or skips it and
// says why.
func startNetwork(t *testing.T) (context.Context, *Network) {
	t.Helper()
	return startNetworkWith(t, Options{})
}

// released are the programs of Fabric that the environment names, and their version;
// where it names none, the test is skipped.
func released(t *testing.T) (Programs, string) {
	t.Helper()
	programs, err := FromEnvironment()
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	version, err := programs.Version()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Hyperledger Fabric %s", version)
	return programs, version
}

func startNetworkWith(t *testing.T, o Options) (context.Context, *Network) {
	t.Helper()
	programs, _ := released(t)
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience(t))
	t.Cleanup(cancel)
	o.Orgs = 3
	n, err := StartWith(ctx, programs, t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	n.Bin = bin
	t.Cleanup(n.Stop)
	return ctx, n
}

func TestPlainChaincode(t *testing.T) {
	ctx, n := startNetwork(t)
	s, err := n.ServePlain(ctx, "asset", filepath.Join(n.Bin, "samples", "asset-plain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if _, err := n.As(n.Orgs[1].Client).Submit(ctx, fabric.Call{Chaincode: "asset", Args: fabric.Args("CreateAsset", "a1", "blue", "5", "100")}); err != nil {
		t.Fatal(err)
	}
}
