// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package realfabric

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/builder"
	"github.com/privatechaincode/fpc/builder/buildertest"
	"github.com/privatechaincode/fpc/internal/deploy"
)

// startWithBuilder starts a network whose peers have the entry of core.yaml that
// `fpc builder install` prints; the first has a place for sealed state.
func startWithBuilder(t *testing.T) (context.Context, *Network) {
	t.Helper()
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	entry, err := exec.Command(filepath.Join(bin, "fpc"), "builder", "install", filepath.Join(t.TempDir(), "builder")).Output()
	if err != nil {
		t.Fatalf("fpc builder install: %v", err)
	}
	return startNetworkWith(t, Options{Builder: Builder{
		CoreYAML:    string(entry),
		Environment: map[string][]string{"Org1MSP": {builder.EnvState + "=" + filepath.Join(t.TempDir(), "state")}},
	}})
}

// launched are the stubs that a peer runs.
func (n *Network) launched(org int, label string) ([]deploy.Launched, error) {
	return deploy.FindLaunched(filepath.Join(n.dir, n.peers[org].name, "externalbuilder", "builds"), label)
}

// untilLaunched waits until a peer runs one stub, another than the one that was
// killed, whose enclave runs.
func (n *Network) untilLaunched(ctx context.Context, t *testing.T, killed deploy.Launched) deploy.Launched {
	t.Helper()
	var found []deploy.Launched
	err := n.peers[0].until(ctx, "launch the stub", func() (err error) {
		found, err = n.launched(0, "auction")
		if err == nil && (len(found) != 1 || found[0].Enclave == 0 || found[0].Stub == killed.Stub || found[0].Enclave == killed.Enclave) {
			err = fmt.Errorf("it runs %+v", found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// untilEnded waits until a stub is gone.
func (n *Network) untilEnded(ctx context.Context, t *testing.T, killed deploy.Launched) {
	t.Helper()
	err := n.peers[0].until(ctx, "notice that the stub has ended", func() error {
		found, err := n.launched(0, "auction")
		for _, f := range found {
			if f.Stub == killed.Stub {
				err = fmt.Errorf("it runs %+v", f)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Unmodified peers launch stub and enclave by their external builder, and anew
// when either was killed (INV-6a to INV-6d).
func TestPeerLaunchesTheStub(t *testing.T) {
	ctx, n := startWithBuilder(t)
	ercc, err := n.ServeRegistry(ctx, "auction")
	if err != nil {
		t.Fatal(err)
	}
	defer ercc.Stop()
	_, manifest, err := n.LaunchPrivate(ctx, deploy.Private{Name: "auction", Enclave: filepath.Join(n.Bin, "samples", "auction")})
	if err != nil {
		t.Fatal(err)
	}
	n.initialise(ctx, t, manifest)
	sale := openSale(ctx, t, n)
	for _, kill := range []struct {
		name          string
		stub, enclave bool
	}{{"stub", true, false}, {"enclave", false, true}, {"stub and enclave", true, true}} {
		t.Run("kill "+kill.name, func(t *testing.T) {
			before := n.untilLaunched(ctx, t, deploy.Launched{})
			if err := before.Kill(kill.stub, kill.enclave); err != nil {
				t.Fatal(err)
			}
			n.untilEnded(ctx, t, before)
			sale.bidStands(ctx, t, "the kill")
			n.untilLaunched(ctx, t, before)
			if _, err := sale.seller.Submit(ctx, "create", "after-"+strings.ReplaceAll(kill.name, " ", "-"), "another painting"); err != nil {
				t.Errorf("submit after the kill: %v", err)
			}
		})
	}
}

// An unmodified peer refuses to install what the builder cannot build, and logs
// the builder's reason.
func TestMalformedPackageIsNotInstalled(t *testing.T) {
	ctx, n := startWithBuilder(t)
	malformed, err := buildertest.Packages()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range malformed {
		t.Run(test.Name, func(t *testing.T) {
			_, err := n.Install(ctx, func(int) ([]byte, error) { return test.Raw, nil })
			if err == nil || !strings.Contains(err.Error(), "external builder 'fpc' failed") {
				t.Errorf("install: got error %v, want that the builder failed", err)
			}
			if said := n.peers[0].said(); !strings.Contains(said, test.Says) {
				t.Errorf("the peer's log has no %q; its end is\n%s", test.Says, said[max(0, len(said)-2000):])
			}
		})
	}
}
