// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// stops are how a chaincode ends without answering.
var stops = map[string]func(){
	"panic":       func() { panic("the bids are 10, 20, 30") },
	"nil answer":  func() {},
	"nil pointer": func() { var p *int; *p = 1 },
}

func TestAttack20PartialWrites(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_ = stub.PutState("k", []byte("half"))
		_ = stub.SetEvent("half", []byte("half"))
		_ = stub.SetStateValidationParameter("k", nil)
		switch how := stub.GetStringArgs()[0]; how {
		case "error":
			return shim.Error("no")
		case "400":
			return &shim.Response{Status: 400, Message: "no", Payload: []byte("why")}
		case "399":
			return &shim.Response{Status: 399}
		default:
			stops[how]()
			return nil
		}
	}))
	for _, how := range []string{"error", "400", "panic", "nil answer", "nil pointer"} {
		call := w.Ask(w.Org1.Client(), how)
		resp, err := w.Enclave.Invoke(t.Context(), call.Request, enclavetest.NewHost())
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if got, want := stepNames(resp.GetSteps()), "INV-8 INV-10 INV-12 INV-14 INV-15 INV-16"; got != want {
			t.Errorf("%s: the host is told the steps %s, want %s: not that anything was written", how, got, want)
		}
		a, err := call.Open(resp.GetResponse())
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if a.Result || a.Clear.GetStatus() < shim.ERRORTHRESHOLD {
			t.Errorf("%s: got %v, want an error response", how, a.Clear)
		}
		if a.Response.GetRwset() != nil || a.Response.GetEvent() != nil || len(a.Response.GetSignedProposal()) != 0 {
			t.Errorf("%s: the error response carries %v", how, a.Response)
		}
		if strings.Contains(a.Clear.GetMessage(), "10, 20") {
			t.Errorf("%s: the message tells what the panic said: %q", how, a.Clear.GetMessage())
		}
		relabelled := proto.CloneOf(a.Response)
		relabelled.Kind = fpc.EnclaveResponse_RESULT
		relabelled.Rwset, relabelled.SignedProposal = &fpc.ReadWriteSet{Writes: []*fpc.Write{{Key: "k", Value: []byte("half")}}}, call.Request.GetSignedProposal()
		wantCode(t, how+" passed for a result", verifyAs(t, w, relabelled, a.Raw), protocol.CodeBadSignature)
	}
	if a := w.Ask(w.Org1.Client(), "399").MustSend(enclavetest.NewHost()); !a.Result || len(a.Response.GetRwset().GetWrites()) != 1 {
		t.Errorf("status 399: got %v, want a result: Fabric endorses it", a.Response)
	}
}

// verifyAs puts the signature of one response under another.
func verifyAs(t *testing.T, w *enclavetest.World, m *fpc.EnclaveResponse, ccrsp []byte) error {
	t.Helper()
	signed := &fpc.Response{}
	if err := proto.Unmarshal(ccrsp, signed); err != nil {
		t.Fatal(err)
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	signed.Response = b
	_, err = protocol.VerifyResponse("VAL-3", w.Credentials.EnclaveVK, signed)
	return err
}

func TestAttack08ResponseAltered(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_, _ = stub.GetState("r")
		_, _ = keysOf(stub.GetStateByRange("a", "z"))
		_ = stub.PutState("k", []byte("v"))
		_ = stub.SetStateValidationParameter("k", nil)
		_ = stub.SetEvent("e", []byte("p"))
		return shim.Success([]byte("ok"))
	}))
	call := w.Ask(w.Org1.Client())
	a := call.MustSend(enclavetest.NewHost())
	other := w.Ask(w.Org1.Client()).MustSend(enclavetest.NewHost())
	for name, change := range map[string]func(*fpc.EnclaveResponse){
		"proposal":           func(m *fpc.EnclaveResponse) { m.SignedProposal = other.Response.GetSignedProposal() },
		"request hash":       func(m *fpc.EnclaveResponse) { m.RequestHash[0] ^= 1 },
		"encrypted response": func(m *fpc.EnclaveResponse) { m.EncryptedResponse[0] ^= 1 },
		"event name":         func(m *fpc.EnclaveResponse) { m.Event.Name = "other" },
		"event payload":      func(m *fpc.EnclaveResponse) { m.Event.Payload[0] ^= 1 },
		"no event":           func(m *fpc.EnclaveResponse) { m.Event = nil },
		"write":              func(m *fpc.EnclaveResponse) { m.Rwset.Writes[0].Value[80] ^= 1 },
		"key":                func(m *fpc.EnclaveResponse) { m.Rwset.Writes[0].Key = "other" },
		"write left out":     func(m *fpc.EnclaveResponse) { m.Rwset.Writes = nil },
		"read":               func(m *fpc.EnclaveResponse) { m.Rwset.Reads = nil },
		"range":              func(m *fpc.EnclaveResponse) { m.Rwset.Ranges[0].End = "b" },
		"policy":             func(m *fpc.EnclaveResponse) { m.Rwset.MetadataWrites = nil },
		"transaction id":     func(m *fpc.EnclaveResponse) { m.TxId = other.Response.GetTxId() },
		"channel":            func(m *fpc.EnclaveResponse) { m.ChannelHash[0] ^= 1 },
		"CC_Params":          func(m *fpc.EnclaveResponse) { m.CcParams.Version = "fpc-2" },
		"Chaincode_EK id":    func(m *fpc.EnclaveResponse) { m.ChaincodeEkId[0] ^= 1 },
		"generation":         func(m *fpc.EnclaveResponse) { m.Generation++ },
		"decorations":        func(m *fpc.EnclaveResponse) { m.DecorationsHash = m.GetExec() },
		"kind":               func(m *fpc.EnclaveResponse) { m.Kind = fpc.EnclaveResponse_ERROR },
		"exec":               func(m *fpc.EnclaveResponse) { m.Exec[0] ^= 1 },
	} {
		m := proto.CloneOf(a.Response)
		change(m)
		wantCode(t, name, verifyAs(t, w, m, a.Raw), protocol.CodeBadSignature)
	}
	m := proto.CloneOf(a.Response)
	m.EnclaveId = strings.Repeat("0", 64)
	wantCode(t, "enclave id", verifyAs(t, w, m, a.Raw), protocol.CodeWrongEnclave)
	if _, err := call.Open(other.Raw); protocol.CodeOf(err) != protocol.CodeBadResponse {
		t.Errorf("another call's answer: got %v, want %s", err, protocol.CodeBadResponse)
	}
}

// Equal ciphertexts occur only between runs with equal inputs, which tell
// nothing new.
func TestAttack21EqualCiphertexts(t *testing.T) {
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		if stub.GetStringArgs()[0] == "hide" {
			return "", stub.PutState("secret", []byte(stub.GetStringArgs()[1]))
		}
		if _, err := stub.GetState("secret"); err != nil {
			return "", err
		}
		// Does the answer depend on the secret, the time, the decorations?
		return "", stub.PutState("k", []byte("same"))
	}))
	victim, mallory := w.Org1.Client("victim"), w.Org2.Client("mallory")
	host := enclavetest.NewHost()
	hide := func(value string) { host.Commit(w.Ask(victim, "hide", value).MustSend(host)) }
	hide("100")
	sealed := func(r *fpc.InvokeRequest) []byte {
		t.Helper()
		resp, err := w.Enclave.Invoke(t.Context(), r, host)
		if err != nil {
			t.Fatal(err)
		}
		m, err := protocol.ParseResponse("VAL-3", resp.GetResponse())
		if err != nil {
			t.Fatal(err)
		}
		v, err := protocol.VerifyResponse("VAL-3", w.Credentials.EnclaveVK, m)
		if err != nil {
			t.Fatal(err)
		}
		return v.Message().GetRwset().GetWrites()[0].GetValue()
	}
	call := w.Ask(mallory, "probe")
	first := sealed(call.Request)
	if again := sealed(call.Request); !bytes.Equal(first, again) {
		t.Error("the same run twice gives two ciphertexts, want one: enclaves must agree")
	}
	same := func(what string, r *fpc.InvokeRequest) {
		t.Helper()
		if got := sealed(r); bytes.Equal(got[73:], first[73:]) {
			t.Errorf("%s: the ciphertext is the same: whoever varies it learns whether the result depends on it", what)
		}
	}
	same("another timestamp in the same transaction", rebuild(t, w, mallory, call.Request,
		func(c *common.ChannelHeader, _ *common.SignatureHeader, _ *peer.ChaincodeProposalPayload) {
			c.Timestamp.Seconds++
		}))
	same("another signature over the same proposal", resign(t, w, call.Request, func(s *peer.SignedProposal) {
		var err error
		if s.Signature, err = mallory.Sign(s.GetProposalBytes()); err != nil {
			t.Fatal(err)
		}
	}))
	decorated := proto.CloneOf(call.Request)
	decorated.Decorations = map[string][]byte{"guess": []byte("100")}
	same("decorations", decorated)
	same("another transaction", w.Ask(mallory, "probe").Request)
	hide("100") // the same secret, sealed anew
	same("another state", call.Request)

	// The victim's transaction id in the header of a value of mallory's.
	k := host.Get("secret")
	forged := bytes.Clone(first)
	copy(forged[9:41], k[9:41])
	host.Put("k", forged)
	reader := enclavetest.New(t)
	reader.Org1, reader.Org2, reader.ChannelHash, reader.Credentials, reader.Key = w.Org1, w.Org2, w.ChannelHash, w.Credentials, w.Key
	e := reader.NewEnclave(enclavetest.KV{})
	if _, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed}); err != nil {
		t.Fatal(err)
	}
	reader.Enclave = e
	wantSealed(t, "victim's id in the header", reader.Ask(mallory, "get", "k").MustSend(host), enclave.CodeTamperedValue)
}

// Two enclaves that hold the same keys and read the same state answer with the
// same bytes, but for the signature.
func TestTwoEnclavesAgree(t *testing.T) {
	w, host := rangeWorld(t)
	e := w.NewEnclave(rangeChaincode)
	if _, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed}); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"put|k|v", "range||", "page|||", "none"} {
		call := w.Ask(w.Org1.Client(), strings.Split(args, "|")...)
		one := call.MustSend(host)
		resp, err := e.Invoke(t.Context(), call.Request, host)
		if err != nil {
			t.Fatal(err)
		}
		two, err := call.Open(resp.GetResponse())
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(one.Response, two.Response) {
			t.Errorf("%s:\none %v\ntwo %v", args, one.Response, two.Response)
		}
	}
}

func TestAttack25NothingInClear(t *testing.T) {
	const secret = "the-secret-bid-of-4711"
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		transient, _ := stub.GetTransient()
		if stub.GetStringArgs()[0] == "fail" {
			return shim.Error("refused: " + string(transient["bid"]))
		}
		_ = stub.PutState("k", transient["bid"])
		_ = stub.SetEvent("bid", transient["bid"])
		return shim.Success(transient["bid"])
	}))
	for _, function := range []string{"go", "fail"} {
		call := w.AskWith(w.Org1.Client(), &fpc.ClearRequest{Args: enclavetest.Args(function, secret), Transient: map[string][]byte{"bid": []byte(secret)}})
		host := enclavetest.NewHost()
		resp, err := w.Enclave.Invoke(t.Context(), call.Request, host)
		if err != nil {
			t.Fatal(err)
		}
		out, err := proto.Marshal(resp)
		if err != nil {
			t.Fatal(err)
		}
		for what, b := range map[string][]byte{"proposal": call.Request.GetSignedProposal(), "response": out} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s: the %s holds the secret in clear", function, what)
			}
		}
		a, err := call.Open(resp.GetResponse())
		if err != nil || !strings.Contains(string(a.Clear.GetPayload())+a.Clear.GetMessage(), secret) {
			t.Errorf("%s: the client got %v, %v, want the secret", function, a, err)
		}
	}
}
