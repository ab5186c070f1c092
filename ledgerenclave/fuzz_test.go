// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ledgerenclave_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/devtest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/ledgerenclave"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport"
)

// handle hands a request over as a host does. Whatever it is, the answer is a
// typed refusal, or one that decodes.
func handle(t testing.TB, e *ledgerenclave.Enclave, method string, request []byte, into proto.Message) error {
	t.Helper()
	out, err := e.Handle(t.Context(), &transport.Call{Method: method, Request: request})
	if err == nil {
		if err := proto.Unmarshal(out, into); err != nil {
			t.Fatalf("%s: the answer does not decode: %v", method, err)
		}
		return nil
	}
	var failure *transport.Failure
	if !errors.As(err, &failure) || failure.Code == "" || failure.Code == string(protocol.CodeInternal) {
		t.Fatalf("%s: got %v, want a typed refusal", method, err)
	}
	return err
}

// Blocks that no orderer signed change nothing.
func FuzzNextBlock(f *testing.F) {
	w := newWorld(f)
	raw, _ := w.Put("kv", "a", "1")
	good := devtest.Marshal(f, w.Make(raw))
	for _, seed := range append([][]byte{nil, good, good[:len(good)/2], flip(good)}, w.Blocks...) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		before := w.Status()
		resp := &fpc.NextBlockResponse{}
		if err := handle(t, w.Enclave, ledgerenclave.MethodNextBlock, devtest.Marshal(t, &fpc.NextBlockRequest{Block: block}), resp); err == nil {
			if resp.GetTransactions() != 1 || resp.GetValid() != 1 { // nothing but the one good block
				t.Fatalf("a forged block was taken: %v", resp)
			}
			w = newWorld(t)
			return
		}
		if after := w.Status(); !proto.Equal(before, after) {
			t.Errorf("a refused block changed the ledger enclave: got %v, want %v", after, before)
		}
	})
}

// Every method, on a ledger enclave that follows a channel: a typed refusal or an
// answer, and nothing that no orderer signed changes it.
func FuzzHandle(f *testing.F) {
	w := newPrivateWorld(f)
	s := w.session(private)
	call, err := s.Seal(devtest.Marshal(f, keyRequest("kv", "a")))
	if err != nil {
		f.Fatal(err)
	}
	seeds := []struct {
		method  string
		request []byte
	}{
		{ledgerenclave.MethodJoinChannel, devtest.Marshal(f, &fpc.JoinRequest{Genesis: w.Blocks[0], StateDatabase: ledgerenclave.LevelDB})},
		{ledgerenclave.MethodResume, devtest.Marshal(f, &fpc.ResumeRequest{Checkpoint: parts(f, w.Enclave)[0]})},
		{ledgerenclave.MethodNextBlock, devtest.Marshal(f, &fpc.NextBlockRequest{Block: w.Blocks[1]})},
		{ledgerenclave.MethodCheckpoint, devtest.Marshal(f, &fpc.CheckpointRequest{Part: 1})},
		{ledgerenclave.MethodChannelHash, nil},
		{ledgerenclave.MethodStatus, nil},
		{ledgerenclave.MethodSession, devtest.Marshal(f, &fpc.SessionHello{Share: make([]byte, 32), Values: &fpc.SessionValues{ChaincodeId: private}})},
		{ledgerenclave.MethodAsk, call.Frame()},
		{"other", []byte("anything")},
	}
	for i, seed := range seeds {
		f.Add(uint8(i), seed.request)
	}
	f.Fuzz(func(t *testing.T, method uint8, request []byte) {
		before := w.Status()
		_, err := w.Handle(t.Context(), &transport.Call{Method: seeds[int(method)%len(seeds)].method, Request: request})
		var failure *transport.Failure
		if err != nil && (!errors.As(err, &failure) || failure.Code == "") {
			t.Errorf("got %#v, want a failure with a code", err)
		}
		if after := w.Status(); !proto.Equal(before, after) {
			t.Errorf("the ledger enclave changed: got %v, want %v", after, before)
		}
	})
}

// Nothing but the parts of a checkpoint makes an enclave follow a channel.
func FuzzResume(f *testing.F) {
	w := newSmallWorld(f)
	good := parts(f, w.Enclave)
	for _, part := range good {
		f.Add(part, uint32(1), true)
	}
	f.Add(good[0], uint32(0), false)
	f.Add([]byte(nil), uint32(0), true)
	f.Fuzz(func(t *testing.T, part []byte, number uint32, last bool) {
		e := newEnclave(t, "ledger")
		for _, request := range []*fpc.ResumeRequest{{Checkpoint: good[0]}, {Checkpoint: part, Part: number, Last: last}} {
			resp := &fpc.ResumeResponse{}
			_ = handle(t, e, ledgerenclave.MethodResume, devtest.Marshal(t, request), resp)
		}
		if e.Status().GetJoined() {
			t.Error("an enclave follows a channel by two parts of many")
		}
	})
}

// Requests of a chaincode enclave, which another program may have made.
func FuzzAsk(f *testing.F) {
	w := newPrivateWorld(f)
	nonce := devtest.Nonce(f)
	for _, m := range []*fpc.LedgerRequest{
		keyRequest("kv", "a"),
		{At: 3},
		{At: 1 << 60},
		{Asks: []*fpc.LedgerAsk{
			{Ask: &fpc.LedgerAsk_Identity{Identity: &fpc.IdentityAsk{Identity: w.Client(1).Creator()}}},
			{Ask: &fpc.LedgerAsk_Range{Range: &fpc.RangeAsk{Namespace: protocol.ERCCName, Start: "a", Limit: 2}}},
			{Ask: &fpc.LedgerAsk_Endorser{Endorser: &fpc.EndorserAsk{ChaincodeId: private, EnclaveId: w.enclaves[0].ID}}},
			{Ask: &fpc.LedgerAsk_Transaction{Transaction: &fpc.TransactionAsk{TxId: "odd"}}},
			{Ask: &fpc.LedgerAsk_Agree{Agree: &fpc.AgreeAsk{Namespace: "kv", Keys: []*fpc.KeyHash{{Key: "a"}}}}},
			{Ask: &fpc.LedgerAsk_Registry{Registry: &fpc.RegistryAsk{Key: protocol.ChaincodeKeyKey(private)}}},
		}},
		{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Statement{Statement: &fpc.StatementAsk{
			Nonce: nonce, Infos: []*fpc.ChainInfo{w.chainInfo(nonce, w.Peer(1)), w.chainInfo(nonce, w.Peer(2))},
		}}}}},
	} {
		f.Add(devtest.Marshal(f, m))
	}
	s := w.session(private)
	f.Fuzz(func(t *testing.T, body []byte) {
		call, err := s.Seal(body)
		if err != nil {
			t.Fatal(err)
		}
		frame, err := w.Ask(t.Context(), call.Frame())
		if err != nil {
			t.Fatalf("a request on a good session: %v", err)
		}
		out, err := call.Open(frame)
		if err != nil {
			t.Fatal(err)
		}
		answer := &fpc.LedgerAnswer{}
		if err := proto.Unmarshal(out, answer); err != nil {
			t.Fatalf("the answer does not decode: %v", err)
		}
		if answer.GetHead() == nil && answer.GetFailure() == nil {
			t.Errorf("got %v, want a head", answer)
		}
	})
}

// Every method, with requests cut at every length: a typed refusal each time.
func TestAttack18TruncatedRequests(t *testing.T) {
	w := newSmallWorld(t)
	checkpoint := parts(t, w.Enclave)
	raw, _ := w.Put("kv", "a", "1")
	block := devtest.Marshal(t, w.Make(raw))
	s := w.session("kv")
	for method, request := range map[string][]byte{
		ledgerenclave.MethodJoinChannel: devtest.Marshal(t, &fpc.JoinRequest{Genesis: w.Blocks[0][:200], StateDatabase: ledgerenclave.LevelDB}),
		ledgerenclave.MethodResume:      devtest.Marshal(t, &fpc.ResumeRequest{Checkpoint: checkpoint[0]}),
		ledgerenclave.MethodNextBlock:   devtest.Marshal(t, &fpc.NextBlockRequest{Block: block[:len(block)-1]}),
		ledgerenclave.MethodAsk:         seal(t, s, keyRequest("kv", "a")).Frame(),
	} {
		for _, e := range []*ledgerenclave.Enclave{newEnclave(t, "ledger"), w.Enclave} {
			before := e.Status()
			for n := range len(request) {
				_, err := e.Handle(t.Context(), &transport.Call{Method: method, Request: request[:n]})
				var failure *transport.Failure
				if err != nil && (!errors.As(err, &failure) || failure.Code == "" || failure.Code == string(protocol.CodeInternal)) {
					t.Fatalf("%s, %d bytes: got %v, want a typed refusal", method, n, err)
				}
			}
			if after := e.Status(); !proto.Equal(before, after) {
				t.Errorf("%s: got %v, want %v", method, after, before)
			}
		}
	}
}
