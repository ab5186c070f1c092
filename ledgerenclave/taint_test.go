// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/ledgerenclave/ledgertest"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

// defineForeign defines a chaincode with a validation plugin of its own, and
// others around it.
func (w *world) defineForeign() {
	w.t.Helper()
	rule := ledgertest.Rule(w.t, anyMember)
	w.mustTake(w.Block(
		w.Define(lifecycle.Definition{Name: "foreign", ValidationPlugin: "theirs", ValidationParameter: rule}),
		w.Define(lifecycle.Definition{Name: "other", ValidationParameter: rule}),
	))
}

// touch is a transaction of one chaincode that writes to several.
func (w *world) touch(chaincode string, namespaces ...rwset.Namespace) (raw []byte, txID string) {
	w.t.Helper()
	return w.Tx(ledgertest.Tx{Chaincode: chaincode, Namespaces: namespaces, Endorsers: w.Majority()})
}

// taint is a transaction of the foreign chaincode that writes to a namespace, by all
// whom anybody's policy asks for.
func (w *privateWorld) taint(namespace string) (raw []byte, txID string) {
	w.t.Helper()
	return w.Tx(ledgertest.Tx{
		Chaincode: "foreign", Namespaces: writing(namespace, "k", "1"), Endorsers: append(w.Majority(), w.enclaves[0], w.enclaves[1]),
	})
}

func TestAttack26ForeignPlugin(t *testing.T) {
	w := newWorld(t)
	w.defineForeign()
	foreign, id := w.touch("foreign", writing("foreign", "k", "1")...)
	good, _ := w.Put("kv", "a", "1")
	resp, err := w.take(w.Block(foreign, good))
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.GetTainted(); !slices.Equal(got, []string{"foreign"}) || resp.GetValid() != 1 {
		t.Errorf("got %v, want one valid transaction and foreign tainted", resp)
	}
	if got := w.status(0, id); !got.GetFound() || peer.TxValidationCode(got.GetCode()) != peer.TxValidationCode_NOT_VALIDATED {
		t.Errorf("its transaction: got %v, want it found without a verdict", got)
	}
	before := w.Height()
	for key, want := range map[string]bool{"k": true, "elsewhere": true} {
		if info := w.key(0, "foreign", key); info.GetTainted() != want {
			t.Errorf("foreign, key %s: got %v, want tainted %t", key, info, want)
		}
	}
	if info := w.key(before-1, "foreign", "k"); info.GetTainted() {
		t.Errorf("at the head before: got %v, want it not tainted", info)
	}
	if info := w.key(0, "kv", "a"); info.GetTainted() || !info.GetPresent() {
		t.Errorf("another chaincode's key: got %v, want it there and not tainted", info)
	}
	// What reads a tainted namespace taints what it writes.
	reading, _ := w.touch("other", rwset.Namespace{Name: "foreign", Reads: []rwset.Read{{Key: "k"}}}, writing("other", "o", "1")[0])
	resp, err = w.take(w.Block(reading))
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.GetTainted(); !slices.Equal(got, []string{"other"}) {
		t.Errorf("after a read: got %v newly tainted, want other", got)
	}
	w.put("kv", "a", "2")
	if got := w.Status().GetTainted(); !slices.Equal(got, []string{"foreign", "other"}) {
		t.Errorf("in the end: got %v tainted, want foreign and other", got)
	}
}

func TestAttack26TaintStops(t *testing.T) {
	for _, c := range []struct {
		name   string
		taint  string
		served bool
		stops  bool
	}{
		{"ERCC", protocol.ERCCName, false, true},
		{"the lifecycle", lifecycle.Namespace, false, true},
		{"a chaincode that is served", private, true, true},
		{"a chaincode that is not served", private, false, false},
		{"a plain chaincode that an enclave says it is of", "kv", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newPrivateWorld(t)
			w.defineForeign()
			if c.served {
				w.session(c.taint)
			}
			raw, id := w.taint(c.taint)
			unchanged := w.unchanged()
			_, err := w.take(w.Block(raw))
			if !c.stops {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.tryHandshake(c.taint); protocol.CodeOf(err) != ledgerenclave.CodeTainted {
					t.Errorf("a session for it: got %v, want code %s", err, ledgerenclave.CodeTainted)
				}
				return
			}
			wantCode(t, "the block", err, ledgerenclave.CodeTainted)
			unchanged("the block")
			if w.status(0, id).GetFound() {
				t.Error("the refused block's transaction is in the index")
			}
			wantFailure(t, "status", w.Status().GetStopped(), ledgerenclave.CodeTainted)
			_, err = w.take(w.Blocks[len(w.Blocks)-1])
			wantCode(t, "the block once more", err, ledgerenclave.CodeTainted)
		})
	}
}

func TestAttack26UnknownCapability(t *testing.T) {
	w := newWorld(t)
	raw := w.Configure(func(g *common.ConfigGroup) *common.ConfigValue {
		return g.GetGroups()["Application"].GetValues()["Capabilities"]
	},
		&common.Capabilities{Capabilities: map[string]*common.Capability{"V2_0": {}, "V9_9": {}}}, w.Orgs[0].Admin(), w.Orgs[1].Admin())
	unchanged := w.unchanged()
	_, err := w.take(w.Block(raw))
	wantCode(t, "an unknown capability", err, ledgerenclave.CodeUnknownCapability)
	unchanged("an unknown capability")
	wantFailure(t, "status", w.Status().GetStopped(), ledgerenclave.CodeUnknownCapability)
	w.key(0, "kv", "a") // asks are answered all the same
}

// What a peer records as invalid is recorded as invalid, and the chain goes on.
func TestAttack26Garbage(t *testing.T) {
	w := newWorld(t)
	garbage := devtest.Marshal(t, &common.Envelope{Payload: []byte("garbage"), Signature: []byte("x")})
	unknown := w.message(common.HeaderType(77))
	update := w.message(common.HeaderType_CONFIG_UPDATE)
	good, id := w.Put("kv", "a", "1")
	resp, err := w.take(w.Block(garbage, unknown, good, update, good))
	if err != nil {
		t.Fatal(err)
	}
	if resp.GetTransactions() != 5 || resp.GetValid() != 1 {
		t.Errorf("got %v, want one valid transaction of five", resp)
	}
	if got := w.status(0, id); got.GetCode() != 0 || got.GetPosition() != 2 {
		t.Errorf("the good one: got %v, want it valid at position 2", got)
	}
	again := w.Block(good)
	if resp, err = w.take(again); err != nil || resp.GetValid() != 0 {
		t.Errorf("the good one once more: got %v, %v, want it invalid", resp, err)
	}
	if got := w.status(0, id); got.GetCode() != 0 || got.GetBlock() != 2 {
		t.Errorf("the good one after it came once more: got %v, want it valid in block 2", got)
	}
}

// message is a signed envelope of a type.
func (w *world) message(kind common.HeaderType) []byte {
	w.t.Helper()
	env, err := envelope.NewSigned(envelope.Message{
		Type: kind, ChannelID: ledgertest.ChannelID, Nonce: devtest.Nonce(w.t), Timestamp: time.Unix(1_700_000_000, 0), Data: &common.ConfigUpdateEnvelope{ConfigUpdate: []byte("x")},
	}, w.Client(1))
	if err != nil {
		w.t.Fatal(err)
	}
	return devtest.Marshal(w.t, env)
}

// Peers on CouchDB refuse keys and values that those on LevelDB take. Which of the
// two a channel's peers are decides.
func TestAttack26StateDatabases(t *testing.T) {
	for database, want := range map[string]peer.TxValidationCode{
		ledgerenclave.LevelDB: peer.TxValidationCode_VALID, ledgerenclave.CouchDB: peer.TxValidationCode_INVALID_WRITESET,
	} {
		w := newWorld(t)
		w.Enclave = newEnclave(t, "ledger")
		if _, err := w.Join(t.Context(), &fpc.JoinRequest{Genesis: w.Blocks[0], StateDatabase: database}); err != nil {
			t.Fatal(err)
		}
		w.mustTake(w.Blocks[1])
		for what, pair := range map[string][2]string{"key": {"_a", "1"}, "value": {"a", `{"~version":"1"}`}} {
			raw, id := w.Put("kv", pair[0], pair[1])
			if _, err := w.take(w.Block(raw)); err != nil {
				t.Fatal(err)
			}
			if got := peer.TxValidationCode(w.status(0, id).GetCode()); got != want {
				t.Errorf("%s, %s: got %s, want %s", database, what, got, want)
			}
		}
	}
}

// tryHandshake opens a session for a chaincode.
func (w *world) tryHandshake(chaincode string) (*session.Session, error) {
	w.t.Helper()
	p := platform(w.t, "a chaincode enclave")
	h, err := session.NewHandshake(p, &fpc.SessionValues{
		ChannelId: ledgertest.ChannelID, ChannelHash: w.Hash(), ChaincodeId: chaincode, EnclaveId: "an enclave", Registry: protocol.ERCCName,
	}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	accept, err := w.Session(w.t.Context(), h.Hello())
	if err != nil {
		return nil, err
	}
	return h.Accept(accept, verifiers, nil, time.Now())
}

// Names that no chaincode can have are nobody's; and who was served once, and whose
// session others have pushed out, stops nobody.
func TestAttack18ServedChaincodes(t *testing.T) {
	w := newPrivateWorld(t)
	w.defineForeign()
	for _, name := range []string{"a/b", "qscc", strings.Repeat("-", 40)} {
		_, err := w.tryHandshake(name)
		wantCode(t, "a session for "+name, err, protocol.CodeMalformed)
	}
	w.session(private)
	for range session.DefaultMaxSessions {
		w.session("kv")
	}
	raw, _ := w.taint(private)
	if _, err := w.take(w.Block(raw)); err != nil {
		t.Errorf("taint of a chaincode without session: got %v, want the ledger enclave to go on", err)
	}
	if got := w.Status().GetTainted(); !slices.Contains(got, private) {
		t.Errorf("got %v tainted, want %s among them", got, private)
	}
}

// A range of a tainted namespace says so, also where no rows are known.
func TestAttack26TaintedRange(t *testing.T) {
	w := newWorld(t)
	w.defineForeign()
	before := w.Height()
	raw, _ := w.touch("foreign", writing("foreign", "k", "1")...)
	if _, err := w.take(w.Block(raw)); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		at   uint64
		ask  *fpc.RangeAsk
		want bool
	}{
		"of the tainted one":               {0, &fpc.RangeAsk{Namespace: "foreign"}, true},
		"without rows":                     {0, &fpc.RangeAsk{Namespace: "foreign", Start: "x"}, true},
		"before it was tainted":            {before, &fpc.RangeAsk{Namespace: "foreign"}, false},
		"of another namespace at the time": {0, &fpc.RangeAsk{Namespace: "kv"}, false},
	} {
		if r := w.rows(c.at, c.ask); r.GetTainted() != c.want {
			t.Errorf("range %s: got %v, want tainted %t", what, r, c.want)
		}
	}
}
