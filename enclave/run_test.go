// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

func TestWhatTheChaincodeSeesOfItsCall(t *testing.T) {
	var seen shim.ChaincodeStubInterface
	got := make(map[string]string)
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		seen = stub
		transient, _ := stub.GetTransient()
		creator, _ := stub.GetCreator()
		timestamp, _ := stub.GetTxTimestamp()
		binding, _ := stub.GetBinding()
		signed, _ := stub.GetSignedProposal()
		joined, _ := stub.GetArgsSlice()
		got = map[string]string{
			"args": fmt.Sprint(stub.GetStringArgs()), "joined": string(joined), "txid": stub.GetTxID(), "channel": stub.GetChannelID(),
			"transient": string(transient["price"]), "creator": string(creator), "timestamp": timestamp.AsTime().String(),
			"binding": hex.EncodeToString(binding), "signature": string(signed.GetSignature()), "decorations": fmt.Sprint(stub.GetDecorations()),
		}
		return shim.Success(nil)
	}))
	client := w.Org2.Client()
	call := w.AskWith(client, &fpc.ClearRequest{Args: enclavetest.Args("bid", "100"), Transient: map[string][]byte{"price": []byte("cheap")}})
	call.Request.Decorations = map[string][]byte{"peer": []byte("says")}
	wantResult(t, "call", call.MustSend(enclavetest.NewHost()), "")
	signed := &peer.SignedProposal{}
	if err := proto.Unmarshal(call.Request.GetSignedProposal(), signed); err != nil {
		t.Fatal(err)
	}
	p, err := envelope.UnpackProposal(signed)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"args": "[bid 100]", "joined": "bid100", "txid": p.TxID(), "channel": w.ChannelID, "transient": "cheap", "creator": string(client.Creator()),
		"timestamp": p.Timestamp().String(), "binding": hex.EncodeToString(shim.Binding(p.Signature.GetNonce(), client.Creator(), 0)),
		"signature": string(signed.GetSignature()), "decorations": fmt.Sprint(call.Request.GetDecorations()),
	}
	if !maps.Equal(got, want) {
		t.Errorf("the chaincode saw\n%q\nwant\n%q", got, want)
	}
	for what, err := range map[string]error{
		"put":   seen.PutState("k", []byte("v")),
		"event": seen.SetEvent("e", nil),
		"get":   func() error { _, err := seen.GetState("k"); return err }(),
		"range": func() error { _, err := seen.GetStateByRange("", ""); return err }(),
	} {
		wantCode(t, "after the chaincode has answered: "+what, err, enclave.CodeCancelled)
	}
}

func TestUnsupportedMethodsSayWhy(t *testing.T) {
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		second := func(_ any, err error) error { return err }
		third := func(_, _ any, err error) error { return err }
		for name, err := range map[string]error{
			"GetQueryResult":                      second(stub.GetQueryResult("{}")),
			"GetQueryResultWithPagination":        third(stub.GetQueryResultWithPagination("{}", 1, "")),
			"GetHistoryForKey":                    second(stub.GetHistoryForKey("k")),
			"GetPrivateData":                      second(stub.GetPrivateData("c", "k")),
			"GetMultiplePrivateData":              second(stub.GetMultiplePrivateData("c", "k")),
			"GetPrivateDataHash":                  second(stub.GetPrivateDataHash("c", "k")),
			"PutPrivateData":                      stub.PutPrivateData("c", "k", nil),
			"DelPrivateData":                      stub.DelPrivateData("c", "k"),
			"PurgePrivateData":                    stub.PurgePrivateData("c", "k"),
			"SetPrivateDataValidationParameter":   stub.SetPrivateDataValidationParameter("c", "k", nil),
			"GetPrivateDataValidationParameter":   second(stub.GetPrivateDataValidationParameter("c", "k")),
			"GetPrivateDataByRange":               second(stub.GetPrivateDataByRange("c", "a", "b")),
			"GetPrivateDataByPartialCompositeKey": second(stub.GetPrivateDataByPartialCompositeKey("c", "t", nil)),
			"GetPrivateDataQueryResult":           second(stub.GetPrivateDataQueryResult("c", "{}")),
		} {
			var unsupported *shim.UnsupportedError
			if !errors.As(err, &unsupported) || unsupported.Method != name || unsupported.Reason == "" {
				return "", fmt.Errorf("%s: got %w, want an UnsupportedError with a reason", name, err)
			}
		}
		r := stub.InvokeChaincode("other", nil, "")
		if r.GetStatus() != shim.ERROR || !strings.Contains(r.GetMessage(), "InvokeChaincode") {
			return "", fmt.Errorf("InvokeChaincode: got %v", r)
		}
		stub.StartWriteBatch()
		return "", stub.FinishWriteBatch()
	}))
	wantResult(t, "all", w.Ask(w.Org1.Client()).MustSend(enclavetest.NewHost()), "")
}

func TestKeyLevelPolicies(t *testing.T) {
	policy, err := proto.Marshal(&common.SignaturePolicyEnvelope{Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	policy = append(policy, 0x1a, 0) // an identity
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		was, err := stub.GetStateValidationParameter("k")
		if err != nil {
			return "", err
		}
		if err := stub.SetStateValidationParameter("b", []byte("garbage")); protocol.CodeOf(err) != protocol.CodeBadArguments {
			return "", fmt.Errorf("garbage as a policy: got %w", err)
		}
		return hex.EncodeToString(was), errors.Join(stub.SetStateValidationParameter("k", policy), stub.SetStateValidationParameter("a", nil))
	}))
	host := enclavetest.NewHost()
	a := w.Ask(w.Org1.Client()).MustSend(host)
	wantResult(t, "first", a, "")
	host.Commit(a)
	a = w.Ask(w.Org1.Client()).MustSend(host)
	wantResult(t, "second", a, hex.EncodeToString(policy))
	rw := a.Response.GetRwset()
	want := &fpc.ReadWriteSet{
		MetadataReads:  []*fpc.MetadataRead{{Key: "k", Hash: protocol.MetadataHash(policy)}},
		MetadataWrites: []*fpc.MetadataWrite{{Key: "a"}, {Key: "k", Policy: policy}},
	}
	if !proto.Equal(rw, want) {
		t.Errorf("read/write set:\ngot  %v\nwant %v", rw, want)
	}
}

func TestEvent(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		if err := stub.SetEvent("", nil); !errors.Is(err, shim.ErrEmptyEventName) {
			return shim.Error("an event without a name: " + fmt.Sprint(err))
		}
		if err := stub.SetEvent("\xff", nil); err == nil {
			return shim.Error("an event name that is not UTF-8")
		}
		if err := errors.Join(stub.SetEvent("first", nil), stub.SetEvent("sold", []byte("for 100"))); err != nil {
			return shim.Error(err.Error())
		}
		if stub.GetStringArgs()[0] == "fail" {
			return shim.Error("failed")
		}
		return shim.Success(nil)
	}))
	a := w.Ask(w.Org1.Client(), "go").MustSend(enclavetest.NewHost())
	wantResult(t, "event", a, "")
	e := a.Response.GetEvent()
	if e.GetName() != "sold" || bytes.Contains(e.GetPayload(), []byte("100")) || len(e.GetPayload()) == 0 {
		t.Errorf("event: got %v, want a sealed payload under the name sold", e)
	}
	a = w.Ask(w.Org1.Client(), "fail").MustSend(enclavetest.NewHost())
	if a.Result || a.Response.GetEvent() != nil || a.Clear.GetMessage() != "failed" {
		t.Errorf("a chaincode that failed: got %v, %v, want a sealed error and no event", a.Response, a.Clear)
	}
}

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
		a := call.MustSend(enclavetest.NewHost())
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

func TestConcurrentInvocations(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	calls := make([]*enclavetest.Call, 40)
	for i := range calls {
		calls[i] = w.Ask(w.Org1.Client(), "set", fmt.Sprint("k", i), fmt.Sprint("v", i))
	}
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() {
			a, err := call.Send(host)
			if err != nil || !a.Result || a.Response.GetRwset().GetWrites()[0].GetKey() != fmt.Sprint("k", i) {
				t.Errorf("call %d: got %v, %v", i, a, err)
			}
		})
		if i%10 == 0 {
			wg.Go(func() {
				req := &fpc.RefreshRequest{Msps: w.MSPs(9, w.Org1, w.Org2), AttestationParams: enclavetest.AttestationParams()}
				if _, err := w.Enclave.Refresh(context.Background(), req, nil); err != nil {
					t.Errorf("refresh: %v", err)
				}
			})
		}
	}
	wg.Wait()
}

// A chaincode may use its stub from several goroutines.
func TestConcurrentChaincode(t *testing.T) {
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() {
				_, err := stub.GetState(fmt.Sprint("r", i%5))
				errs[i] = errors.Join(err, stub.PutState(fmt.Sprint("w", i), []byte("v")))
			})
		}
		wg.Wait()
		return "", errors.Join(errs...)
	}))
	a := w.Ask(w.Org1.Client()).MustSend(enclavetest.NewHost())
	wantResult(t, "answer", a, "")
	if r, n := len(a.Response.GetRwset().GetReads()), len(a.Response.GetRwset().GetWrites()); r != 5 || n != 20 {
		t.Errorf("got %d reads and %d writes, want 5 and 20", r, n)
	}
}

// The host's time limit: the state accesses of a chaincode fail at once, and
// what it answers then is an error.
func TestCancelledInvocation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_ = stub.PutState("k", []byte("half"))
		if stub.GetStringArgs()[0] == "read" {
			_, _ = stub.GetState("k")
		}
		cancel()
		return shim.Success(nil)
	}))
	for _, what := range []string{"compute", "read"} {
		call := w.Ask(w.Org1.Client(), what)
		resp, err := w.Enclave.Invoke(ctx, call.Request, enclavetest.NewHost())
		if err != nil {
			t.Fatal(err)
		}
		a, err := call.Open(resp.GetResponse())
		if err != nil {
			t.Fatal(err)
		}
		wantSealed(t, what, a, enclave.CodeCancelled)
	}
}

func TestRequestForALedgerEnclave(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	call := w.AskWith(w.Org1.Client(), &fpc.ClearRequest{Args: enclavetest.Args("get", "k"), RequiredLedgerInstance: make([]byte, 32)})
	host := enclavetest.NewHost()
	wantSealed(t, "invoke", call.MustSend(host), enclave.CodeNoLedger)
	if asked := host.Asked(); len(asked) != 0 {
		t.Errorf("the enclave read state: %v", asked)
	}
}

func TestStepsOfAnInvocation(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	resp, err := w.Enclave.Invoke(t.Context(), w.Ask(w.Org1.Client(), "put", "k", "v").Request, enclavetest.NewHost())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range resp.GetSteps() {
		got = append(got, fmt.Sprintf("%s %s -> %s: %s", s.GetStep(), s.GetFrom(), s.GetTo(), s.GetWhat()))
	}
	want := []string{
		"INV-8 stub -> enclave: chaincode_invoke",
		"INV-10 enclave -> enclave: verify proposal",
		"INV-12 enclave -> enclave: open request",
		"INV-14 enclave -> chaincode: invoke",
		"EX-2 chaincode -> enclave: putState",
		"INV-15 enclave -> enclave: seal writes, event, response",
		"INV-16 enclave -> enclave: sign",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The steps before the first access come with it.
func TestStepsReachTheHostInOrder(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	resp, err := w.Enclave.Invoke(t.Context(), w.Ask(w.Org1.Client(), "set", "k", "v").Request, host)
	if err != nil {
		t.Fatal(err)
	}
	names := func(steps []*fpc.Step) string {
		var out []string
		for _, s := range steps {
			out = append(out, s.GetStep())
		}
		return strings.Join(out, " ")
	}
	if got, want := names(host.Asked()[0].GetSteps()), "INV-8 INV-10 INV-12 INV-14"; got != want {
		t.Errorf("with the access: got %s, want %s", got, want)
	}
	if got, want := names(resp.GetSteps()), "EX-2 INV-15 INV-16"; got != want {
		t.Errorf("with the answer: got %s, want %s", got, want)
	}
}

// What is kept of reads is given back, also by chaincodes that leave iterators
// and goroutines behind.
func TestNothingIsKeptAfterAnInvocation(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		if function, args := stub.GetFunctionAndParameters(); function == "put" {
			return answerOf(stub.PutState(args[0], []byte(args[1])))
		}
		it, err := stub.GetStateByRange("", "")
		if err != nil {
			return shim.Error(err.Error())
		}
		go func() {
			for it.HasNext() {
				if _, err := it.Next(); err != nil {
					return
				}
			}
			_ = it.Close()
		}()
		_, err = stub.GetState("k1")
		return answerOf(err)
	}), func(c *enclave.Config) { c.Limits.MaxReadAll = 3000 })
	host := enclavetest.NewHost()
	for i := range 10 {
		put(w, host, fmt.Sprint("k", i), "value")
	}
	for i := range 100 {
		wantResult(t, fmt.Sprint("call ", i), w.Ask(w.Org1.Client(), "read").MustSend(host), "")
	}
}

func answerOf(err error) *shim.Response {
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(nil)
}
