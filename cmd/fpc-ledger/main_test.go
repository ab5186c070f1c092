// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nosim

package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport"
)

func TestStartedByHand(t *testing.T) {
	out, err := exec.Command(enclavetest.Build(t, ".")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "fpc-ledger-host starts") {
		t.Errorf("got %v, %q, want a hint at fpc-ledger-host", err, out)
	}
}

// startTimeout is for machines that stand still for a while.
const startTimeout = 5 * time.Minute

// A launched one is confined, is no channel's yet, and is a new instance each time.
func TestLaunched(t *testing.T) {
	binary := enclavetest.Build(t, ".")
	instances := map[string]bool{}
	for range 2 {
		p, err := launch.Start(t.Context(), launch.Config{Binary: binary, StartTimeout: startTimeout, Limits: transport.BlockLimits(), ReadStatus: ledgerhost.ReadStatus})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Stop() })
		answer, err := p.Call(t.Context(), ledgerenclave.MethodStatus, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		status := &fpc.LedgerStatus{}
		if err := proto.Unmarshal(answer, status); err != nil || status.GetJoined() || len(status.GetInstanceId()) != 32 {
			t.Errorf("status: got %v, %v, want no channel and an instance id", status, err)
		}
		instances[string(status.GetInstanceId())] = true
		if got := strings.Join(p.Confinement(), "\n"); !strings.Contains(got, "seccomp") || !strings.Contains(got, "namespaces") {
			t.Errorf("confinement: got %q, want seccomp and namespaces spoken of", got)
		}
		if _, err := p.Call(t.Context(), ledgerenclave.MethodNextBlock, nil, nil); protocol.CodeOf(err) != ledgerenclave.CodeNotJoined {
			t.Errorf("a block before the channel is known: got %v, want code %s", err, ledgerenclave.CodeNotJoined)
		}
	}
	if len(instances) != 2 {
		t.Errorf("two starts have %d instance ids", len(instances))
	}
}

func TestBuildWithoutSimulation(t *testing.T) {
	_, err := launch.Start(t.Context(), launch.Config{Binary: enclavetest.Build(t, ".", "nosim"), StartTimeout: startTimeout, ReadStatus: ledgerhost.ReadStatus})
	if err == nil || !strings.Contains(err.Error(), "no other platform is available") {
		t.Errorf("got %v, want a refusal: there is no platform", err)
	}
}
