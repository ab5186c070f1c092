// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package attack is untrusted: it runs attacks of docs/security.md on a whole
// network in Full mode, for tests. What runs on the embedded network runs on real
// ones too. No product code imports it.
package attack

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/deploy"
	"github.com/privatechaincode/fpc/protocol"
)

const (
	// Chaincode is the private chaincode that is attacked, and its sample.
	Chaincode = "asset"
	// Policy is its endorsement policy.
	Policy = "AND('Org1MSP.enclave','Org2MSP.enclave')"

	host1, host2 = "Org1MSP", "Org2MSP"
)

// World is a network with a private chaincode of Full mode, whose enclaves the
// first two organisations host. Their hosts can lie about the peer's state, the
// first one's about blocks, too. Registries, stubs, enclaves and ledger enclaves
// are processes of their own.
type World struct {
	*deploy.Network
	// Hosts stand between peers and stubs, Ledger between the first organisation's
	// peer and its ledger enclave.
	Hosts  *liar.Relays
	Ledger *liar.Ledger

	ctx      context.Context
	ledgers  *deploy.Service // the first one is stopped
	pins     *trust.Pins
	cas      []*ca.Authority  // the organisations'
	contract *client.Contract // in the third organisation's name, which hosts nothing
	hash     []byte           // of the channel
	version  string           // of the chaincode's definition
}

// Start deploys all on a running network, and ends it with the test. cas are the
// authorities that certify the organisations' members, in the order of n.Orgs.
func Start(ctx context.Context, t testing.TB, n *deploy.Network, cas []*ca.Authority) *World {
	t.Helper()
	w := &World{Network: n, Hosts: liar.NewRelays(t), ctx: ctx, cas: cas}
	genesis, err := n.At(0, n.Orgs[0].Admin).GenesisBlock(ctx)
	check(t, err)
	w.pins, err = trust.PinBlocks(genesis, nil)
	check(t, err)
	w.hash, err = protocol.ChannelHash(genesis)
	check(t, err)
	registry, err := n.ServeRegistry(ctx, Chaincode)
	check(t, err)
	t.Cleanup(registry.Stop)
	ledgers, err := n.ServeLedgers(ctx, deploy.LedgerSpec{})
	check(t, err)
	t.Cleanup(ledgers.Stop)
	check(t, ledgers.Processes[0].Stop())
	w.ledgers = ledgers
	w.Ledger = liar.ServeLedger(ctx, t, n, 0, genesis)
	service, manifest, err := n.ServePrivate(ctx, deploy.Private{
		Name: Chaincode, Enclave: filepath.Join(n.Bin, "samples", Chaincode), Policy: Policy, Hosts: 2, Via: w.Hosts.Via,
	})
	check(t, err)
	t.Cleanup(service.Stop)
	_, err = n.InitEnclaves(ctx, 2, Chaincode, manifest, nil)
	check(t, err)
	parsed, err := protocol.ParseCodeManifest(manifest)
	check(t, err)
	w.version = parsed.Version()
	w.contract, err = n.Contract(Chaincode, deploy.Client{Signer: n.Orgs[2].Client, Pins: w.pins})
	check(t, err)
	return w
}

// All makes every attack that any network can be put to. Creators come last: a
// revocation changes what the channel is.
func (w *World) All(t *testing.T) {
	t.Run("old value", w.OldValues)
	t.Run("frozen view", w.FrozenView)
	t.Run("rows", w.Rows)
	t.Run("replay", w.Replays)
	t.Run("foreign writer", w.ForeignWriters)
	t.Run("forged blocks", w.ForgedBlocks)
	t.Run("another genesis", w.OtherGenesis)
	t.Run("creators", w.Creators)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Code is the code of a refusal: in a sealed error text, in the error itself, or
// in the text that a peer relayed.
func Code(err error) protocol.Code {
	var sealed *client.ChaincodeError
	if errors.As(err, &sealed) {
		if step, ok := protocol.ParseError(sealed.Message); ok {
			return step.Code
		}
		return ""
	}
	if c := protocol.CodeOf(err); c != "" || err == nil {
		return c
	}
	step, ok := protocol.ParseError(err.Error())
	if !ok {
		return ""
	}
	return step.Code
}

func refused(t testing.TB, what string, err error, want protocol.Code) {
	t.Helper()
	if got := Code(err); err == nil || got != want {
		t.Errorf("%s: got code %q of %v, want %s", what, got, err, want)
	}
}
