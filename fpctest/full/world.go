// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package full is untrusted: it makes, in one process, a channel with enclaves of
// Full mode on it, for tests and measurements. The enclaves, ledger enclaves,
// blocks and verdicts are real; peers are states that follow the verdicts, and
// hosts lie on demand. No product code imports it.
package full

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/transport/session"
)

// What the worlds are made of.
const (
	Chaincode = "auction"
	Version   = "fpc-1"
	// Policy is the endorsement policy: both enclaves.
	Policy = "AND('Org1MSP.enclave','Org2MSP.enclave')"
	// Now is what the hosts' clocks say, Unix seconds.
	Now = 1_700_000_000
	// Forever is when evidence expires, Unix seconds.
	Forever = 1 << 40
)

// World is a channel of two organisations, each with a peer that hosts an enclave
// of one chaincode and a ledger enclave.
type World struct {
	*ledgertest.Chain
	Hosts []*Host // of the organisations, in their order
	Key   keys.ChaincodeEK
	judge *ledgerenclave.Enclave // knows all blocks and their verdicts
	// Chaincode is what the enclaves run.
	Chaincode shim.Chaincode
	// Configure changes the enclaves' configurations.
	Configure func(*enclave.Config)
}

// New makes a channel on which the chaincode is defined, with ledger enclaves that
// follow it and enclaves that are not initialised.
func New(t testing.TB, cc shim.Chaincode) *World {
	t.Helper()
	w := &World{Chain: ledgertest.New(t, 2), Chaincode: cc}
	w.judge = w.NewLedger("judge")
	for org := range w.Orgs {
		h := &Host{World: w, Org: w.Orgs[org], state: newPeerState(), Clock: Now}
		h.Ledger = w.NewLedger("ledger")
		h.Start()
		w.Hosts = append(w.Hosts, h)
	}
	w.MustCommit(
		w.Define(lifecycle.Definition{Name: Chaincode, Version: Version, ValidationParameter: w.EnclaveRule(Policy, Chaincode, Version)}),
		w.defineRegistry(w.Policy()),
	)
	w.Registry(protocol.PolicyKey, string(protocol.StoredPolicy(w.policyBytes(w.Policy()))))
	return w
}

// Start makes a world whose enclaves are registered, certified and provisioned:
// the first one generates the keys, the second one imports them.
func Start(t testing.TB, cc shim.Chaincode) *World {
	t.Helper()
	w := New(t, cc)
	w.Provision()
	return w
}

// Provision registers all enclaves (REG-1 to REG-13) and gives them the keys that the
// first one makes (KEY-1 to KEY-7).
func (w *World) Provision() {
	w.T.Helper()
	for _, h := range w.Hosts {
		h.Init()
		h.Certify()
		h.Register()
	}
	w.Hosts[0].Generate()
	for _, h := range w.Hosts[1:] {
		h.Import(w.Hosts[0].Export(h))
	}
}

// Platform makes a simulated platform whose measurement is of a code's name.
func (w *World) Platform(code, host string) *guest.Platform {
	w.T.Helper()
	id, secret := sha256.Sum256([]byte(code)), sha256.Sum256([]byte(host))
	p, err := guest.New(append(secret[:], id[:]...))
	w.check(err)
	return p
}

// NewLedger makes a ledger enclave that has taken all blocks.
func (w *World) NewLedger(code string) *ledgerenclave.Enclave {
	w.T.Helper()
	return w.newLedger(code, nil)
}

// NewLedgerSince makes a ledger enclave whose evidence begins at a time, Unix
// seconds.
func (w *World) NewLedgerSince(begin int64) *ledgerenclave.Enclave {
	w.T.Helper()
	return w.newLedger("ledger", guest.Params{NotBefore: begin, NotAfter: Forever}.Marshal())
}

func (w *World) newLedger(code string, params []byte) *ledgerenclave.Enclave {
	w.T.Helper()
	l, err := ledgerenclave.New(ledgerenclave.Config{Platform: w.Platform(code, "ledger host"), Verifiers: Verifiers()})
	w.check(err)
	_, err = l.Join(w.T.Context(), &fpc.JoinRequest{Genesis: w.Blocks[0], StateDatabase: ledgerenclave.LevelDB, AttestationParams: params})
	w.check(err)
	for _, b := range w.Blocks[1:] {
		_, err := l.NextBlock(w.T.Context(), &fpc.NextBlockRequest{Block: b})
		w.check(err)
	}
	return l
}

// Verifiers verify simulated evidence.
func Verifiers() session.Verifiers { return session.Verifiers{sim.Platform: sim.Verifier{}} }

// Commit makes a block of serialised transactions, gives it to all who are not
// frozen, and returns Fabric's verdicts.
func (w *World) Commit(txs ...[]byte) []peer.TxValidationCode {
	w.T.Helper()
	raw := w.Block(txs...)
	_, err := w.judge.NextBlock(w.T.Context(), &fpc.NextBlockRequest{Block: raw})
	w.check(err)
	for _, h := range w.Hosts {
		if !h.FrozenLedger {
			_, err := h.Ledger.NextBlock(w.T.Context(), &fpc.NextBlockRequest{Block: raw})
			w.check(err)
		}
	}
	codes := make([]peer.TxValidationCode, len(txs))
	for i, tx := range txs {
		codes[i] = w.verdict(tx)
		for _, h := range w.Hosts {
			if !h.FrozenPeer {
				h.apply(tx, codes[i])
			}
		}
	}
	return codes
}

// MustCommit is Commit for transactions that must be valid.
func (w *World) MustCommit(txs ...[]byte) {
	w.T.Helper()
	for i, code := range w.Commit(txs...) {
		if code != peer.TxValidationCode_VALID {
			w.T.Fatalf("transaction %d of the block: got %s, want VALID", i, code)
		}
	}
}

// verdict asks a ledger enclave what package validate found.
func (w *World) verdict(tx []byte) peer.TxValidationCode {
	w.T.Helper()
	answer := w.judge.Answer(&fpc.LedgerRequest{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: opened(w.T, tx).txID}}}}})
	reply := answer.GetReplies()[0].GetTransaction()
	if !reply.GetFound() {
		w.T.Fatalf("the transaction is in no block")
	}
	if last := w.Height() - 1; reply.GetBlock() != last {
		return peer.TxValidationCode_DUPLICATE_TXID // the reply is about the first of them
	}
	return peer.TxValidationCode(reply.GetCode())
}

// certificate issues what the organisation's CA issues for a CSR (REG-9).
func certificate(t testing.TB, org *fpctest.Org, csr []byte, ous ...string) []byte {
	t.Helper()
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		t.Fatal(err)
	}
	if err := request.CheckSignature(); err != nil {
		t.Fatal(err)
	}
	if ous == nil {
		ous = request.Subject.OrganizationalUnit
	}
	return org.Certify(request.PublicKey.(*ecdsa.PublicKey), fpctest.Template{Name: request.Subject.CommonName, OUs: ous})
}

// Registry puts pairs of keys and values into ERCC's state, in a block.
func (w *World) Registry(pairs ...string) {
	w.T.Helper()
	raw, _ := w.Put(protocol.ERCCName, pairs...)
	w.MustCommit(raw)
}

// MSPs returns the channel's MSP configurations as they are now.
func (w *World) MSPs() *fpc.MSPConfigurations {
	w.T.Helper()
	var all [][]byte
	for _, o := range w.Orgs {
		b, err := proto.Marshal(o.MSPConfig())
		w.check(err)
		all = append(all, b)
	}
	m, err := protocol.NewMSPConfigurations(all, 1)
	w.check(err)
	return m
}

func (w *World) check(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatalf("full: %v", err)
	}
}

// Signers returns what endorses in the enclaves' names with keys that the test
// makes: colluding CAs gave them certificates of the right organisation unit.
func (w *World) Signers() []msp.Signer {
	var out []msp.Signer
	for _, o := range w.Orgs {
		out = append(out, o.Issue(fpctest.Template{Name: "rogue", OUs: []string{fpctest.RoleClient, w.OU()}}))
	}
	return out
}

// OU is the organisation unit of the chaincode's enclaves.
func (w *World) OU() string { return protocol.EnclaveOU(w.Hash(), Chaincode, Version) }

func clone(m map[string][]byte) map[string][]byte {
	out := make(map[string][]byte, len(m))
	for k, v := range m {
		out[k] = bytes.Clone(v)
	}
	return out
}

// CommitConfig makes a block of one configuration transaction and gives it to all.
func (w *World) CommitConfig(tx []byte) {
	w.T.Helper()
	w.LastConfig = w.Height()
	raw := w.Block(tx)
	_, err := w.judge.NextBlock(w.T.Context(), &fpc.NextBlockRequest{Block: raw})
	w.check(err)
	for _, h := range w.Hosts {
		_, err := h.Ledger.NextBlock(w.T.Context(), &fpc.NextBlockRequest{Block: raw})
		w.check(err)
	}
}
