// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
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

func TestRequestForALedgerEnclave(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	call := w.AskWith(w.Org1.Client(), &fpc.ClearRequest{Args: enclavetest.Args("get", "k"), RequiredLedgerInstance: make([]byte, 32)})
	host := enclavetest.NewHost()
	wantSealed(t, "invoke", call.MustSend(host), enclave.CodeNoLedger)
	if asked := host.Asked(); len(asked) != 0 {
		t.Errorf("the enclave read state: %v", asked)
	}
}

func answerOf(err error) *shim.Response {
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(nil)
}
