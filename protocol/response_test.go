// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

const txID = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func newEnclave(t testing.TB) (keys.EnclaveSK, keys.EnclaveVK) {
	t.Helper()
	sk, err := keys.NewEnclaveSK()
	if err != nil {
		t.Fatal(err)
	}
	vk, err := sk.VK()
	if err != nil {
		t.Fatal(err)
	}
	return sk, vk
}

func ccParams() *pb.CCParameters {
	return &pb.CCParameters{ChaincodeId: "auction", Version: "fpc-v", ChannelId: "ch", Sequence: 1}
}

// result is a good result of the enclave, with every field set.
func result(vk keys.EnclaveVK) *pb.EnclaveResponse {
	hash := protocol.RequestHash([]byte("request"))
	m := &pb.EnclaveResponse{
		Kind: pb.EnclaveResponse_RESULT, CcParams: ccParams(), ChannelHash: bytes.Repeat([]byte{1}, 32),
		EnclaveId: vk.ID(), ChaincodeEkId: bytes.Repeat([]byte{2}, 32), Generation: 1, TxId: txID, RequestHash: hash[:],
		SignedProposal: []byte("proposal"), EncryptedResponse: []byte("sealed"),
		Rwset: &pb.ReadWriteSet{
			Reads:          []*pb.Read{{Key: "a", ValueHash: protocol.ValueHash([]byte("v"))}},
			Ranges:         []*pb.RangeRead{{Start: "a", End: "c", Rows: []*pb.Read{{Key: "b", ValueHash: []byte{1}}}}},
			Writes:         []*pb.Write{{Key: "a", Value: []byte("w")}},
			MetadataReads:  []*pb.MetadataRead{{Key: "a", Hash: []byte{2}}},
			MetadataWrites: []*pb.MetadataWrite{{Key: "a", Policy: []byte{3}}},
		},
		Event: &pb.Event{Name: "e", Payload: []byte("sealed")},
	}
	setExec(m)
	return m
}

func setExec(m *pb.EnclaveResponse) {
	exec := protocol.ComputeExec(protocol.ExecInputs{
		RequestHash: [32]byte(m.RequestHash), SignedProposal: m.SignedProposal, DecorationsHash: m.DecorationsHash, Reads: m.Rwset,
	})
	m.Exec = exec[:]
}

func failure(vk keys.EnclaveVK) *pb.EnclaveResponse {
	m := result(vk)
	m.Kind, m.Rwset, m.Event, m.SignedProposal = pb.EnclaveResponse_ERROR, nil, nil, nil
	return m
}

func TestResponseVerifies(t *testing.T) {
	sk, vk := newEnclave(t)
	for name, m := range map[string]*pb.EnclaveResponse{"result": result(vk), "error": failure(vk)} {
		t.Run(name, func(t *testing.T) {
			r, err := protocol.SignResponse(sk, m)
			if err != nil {
				t.Fatal(err)
			}
			got, err := protocol.VerifyResponse("VAL-3", vk, r)
			if err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got.Message(), m) || got.IsResult() != (name == "result") {
				t.Errorf("got %v (result: %v), want %v", got.Message(), got.IsResult(), m)
			}
		})
	}
}

// Attack row 8: whatever is altered after signing, the signature no longer holds.
func TestAlteredResponseIsRefused(t *testing.T) {
	sk, vk := newEnclave(t)
	other, otherVK := newEnclave(t)
	edits := map[string]struct {
		edit func(*pb.EnclaveResponse)
		want protocol.Code
	}{
		"kind":         {func(m *pb.EnclaveResponse) { m.Kind = pb.EnclaveResponse_ERROR }, protocol.CodeBadSignature},
		"kind unknown": {func(m *pb.EnclaveResponse) { m.Kind = pb.EnclaveResponse_UNKNOWN }, protocol.CodeBadSignature},
		"chaincode":    {func(m *pb.EnclaveResponse) { m.CcParams.ChaincodeId = "other" }, protocol.CodeBadSignature},
		"channel":      {func(m *pb.EnclaveResponse) { m.ChannelHash[0] ^= 1 }, protocol.CodeBadSignature},
		"enclave":      {func(m *pb.EnclaveResponse) { m.EnclaveId = otherVK.ID() }, protocol.CodeWrongEnclave},
		"key id":       {func(m *pb.EnclaveResponse) { m.ChaincodeEkId[0] ^= 1 }, protocol.CodeBadSignature},
		"generation":   {func(m *pb.EnclaveResponse) { m.Generation++ }, protocol.CodeBadSignature},
		"transaction":  {func(m *pb.EnclaveResponse) { m.TxId = fpctest.OtherHex(txID) }, protocol.CodeBadSignature},
		"request hash": {func(m *pb.EnclaveResponse) { m.RequestHash[0] ^= 1 }, protocol.CodeBadSignature},
		"proposal":     {func(m *pb.EnclaveResponse) { m.SignedProposal[0] ^= 1 }, protocol.CodeBadSignature},
		"read":         {func(m *pb.EnclaveResponse) { m.Rwset.Reads[0].Key = "z" }, protocol.CodeBadSignature},
		"write":        {func(m *pb.EnclaveResponse) { m.Rwset.Writes[0].Value[0] ^= 1 }, protocol.CodeBadSignature},
		"range row":    {func(m *pb.EnclaveResponse) { m.Rwset.Ranges[0].Rows = nil }, protocol.CodeBadSignature},
		"event":        {func(m *pb.EnclaveResponse) { m.Event.Name = "f" }, protocol.CodeBadSignature},
		"answer":       {func(m *pb.EnclaveResponse) { m.EncryptedResponse[0] ^= 1 }, protocol.CodeBadSignature},
		"exec":         {func(m *pb.EnclaveResponse) { m.Exec[0] ^= 1 }, protocol.CodeBadSignature},
	}
	for name, test := range edits {
		t.Run(name, func(t *testing.T) {
			r, err := protocol.SignResponse(sk, result(vk))
			if err != nil {
				t.Fatal(err)
			}
			m := result(vk)
			test.edit(m)
			if r.Response, err = proto.Marshal(m); err != nil {
				t.Fatal(err)
			}
			_, err = protocol.VerifyResponse("VAL-3", vk, r)
			wantCode(t, err, test.want)
		})
	}
	t.Run("signed by another enclave", func(t *testing.T) {
		r, err := protocol.SignResponse(other, result(vk))
		if err != nil {
			t.Fatal(err)
		}
		_, err = protocol.VerifyResponse("VAL-3", vk, r)
		wantCode(t, err, protocol.CodeBadSignature)
	})
}

// Attack row 20: an error cannot carry results, so a failed run has nothing that
// could be replayed; and what an enclave signs has the form of its kind.
func TestEnclaveSignsOnlyWellFormedResponses(t *testing.T) {
	sk, vk := newEnclave(t)
	edits := map[string]struct {
		from func(keys.EnclaveVK) *pb.EnclaveResponse
		edit func(*pb.EnclaveResponse)
		want protocol.Code
	}{
		"error with writes":      {failure, func(m *pb.EnclaveResponse) { m.Rwset = &pb.ReadWriteSet{} }, protocol.CodeBadResponse},
		"error with event":       {failure, func(m *pb.EnclaveResponse) { m.Event = &pb.Event{} }, protocol.CodeBadResponse},
		"error with proposal":    {failure, func(m *pb.EnclaveResponse) { m.SignedProposal = []byte{1} }, protocol.CodeBadResponse},
		"result without writes":  {result, func(m *pb.EnclaveResponse) { m.Rwset = nil }, protocol.CodeBadResponse},
		"result without request": {result, func(m *pb.EnclaveResponse) { m.SignedProposal = nil }, protocol.CodeBadResponse},
		"unknown kind":           {result, func(m *pb.EnclaveResponse) { m.Kind = 7 }, protocol.CodeBadResponse},
		"no kind":                {result, func(m *pb.EnclaveResponse) { m.Kind = 0 }, protocol.CodeBadResponse},
		"short channel hash":     {result, func(m *pb.EnclaveResponse) { m.ChannelHash = m.ChannelHash[:31] }, protocol.CodeBadResponse},
		"short key id":           {result, func(m *pb.EnclaveResponse) { m.ChaincodeEkId = nil }, protocol.CodeBadResponse},
		"no parameters":          {result, func(m *pb.EnclaveResponse) { m.CcParams = nil }, protocol.CodeBadResponse},
		"bad transaction id":     {result, func(m *pb.EnclaveResponse) { m.TxId = "x" }, protocol.CodeBadResponse},
		"short request hash":     {result, func(m *pb.EnclaveResponse) { m.RequestHash = []byte{1} }, protocol.CodeBadResponse},
		"short exec":             {result, func(m *pb.EnclaveResponse) { m.Exec = nil }, protocol.CodeBadResponse},
		"exec of other reads":    {result, func(m *pb.EnclaveResponse) { m.Rwset.Reads[0].Key = "z" }, protocol.CodeBadExec},
	}
	for name, test := range edits {
		t.Run(name, func(t *testing.T) {
			m := test.from(vk)
			test.edit(m)
			_, err := protocol.SignResponse(sk, m)
			wantCode(t, err, test.want)
		})
	}
}

// A change in anything that an execution saw gives another exec; writes do not.
func TestExecCoversAllInputs(t *testing.T) {
	_, vk := newEnclave(t)
	exec := func(edit func(*pb.EnclaveResponse)) string {
		m := result(vk)
		edit(m)
		setExec(m)
		return string(m.Exec)
	}
	base := exec(func(*pb.EnclaveResponse) {})
	for name, edit := range map[string]func(*pb.EnclaveResponse){
		"request":       func(m *pb.EnclaveResponse) { m.RequestHash[0] ^= 1 },
		"proposal":      func(m *pb.EnclaveResponse) { m.SignedProposal = []byte("other") },
		"decorations":   func(m *pb.EnclaveResponse) { m.DecorationsHash = []byte{1} },
		"read key":      func(m *pb.EnclaveResponse) { m.Rwset.Reads[0].Key = "z" },
		"read value":    func(m *pb.EnclaveResponse) { m.Rwset.Reads[0].ValueHash = nil },
		"read left out": func(m *pb.EnclaveResponse) { m.Rwset.Reads = nil },
		"range end":     func(m *pb.EnclaveResponse) { m.Rwset.Ranges[0].End = "d" },
		"range rows":    func(m *pb.EnclaveResponse) { m.Rwset.Ranges[0].Rows = nil },
		"metadata read": func(m *pb.EnclaveResponse) { m.Rwset.MetadataReads[0].Hash = nil },
		"range as reads": func(m *pb.EnclaveResponse) {
			m.Rwset.Reads, m.Rwset.Ranges = append(m.Rwset.Reads, m.Rwset.Ranges[0].Rows...), nil
		},
	} {
		if exec(edit) == base {
			t.Errorf("exec does not cover: %s", name)
		}
	}
	if exec(func(m *pb.EnclaveResponse) { m.Rwset.Writes = nil; m.Rwset.MetadataWrites = nil }) != base {
		t.Error("exec depends on writes, which are sealed under it")
	}
}

func TestAnswerOpensForItsRequestOnly(t *testing.T) {
	sk, vk := newEnclave(t)
	key := keys.NewResponseKey()
	m := failure(vk)
	unsealed, err := protocol.SignResponse(sk, m)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := protocol.VerifyResponse("INV-22", vk, unsealed)
	if err != nil {
		t.Fatal(err)
	}
	binding, err := verified.Binding()
	if err != nil {
		t.Fatal(err)
	}
	want := &pb.ClearResponse{Status: 500, Message: "too low", Payload: []byte("p")}
	if m.EncryptedResponse, err = protocol.SealResponse(key, binding, keys.PadPadme, want); err != nil {
		t.Fatal(err)
	}
	signed, err := protocol.SignResponse(sk, m)
	if err != nil {
		t.Fatal(err)
	}
	if verified, err = protocol.VerifyResponse("INV-22", vk, signed); err != nil {
		t.Fatal(err)
	}
	got, err := protocol.OpenResponse(key, verified)
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("OpenResponse = %v, %v, want %v", got, err, want)
	}
	_, err = protocol.OpenResponse(keys.NewResponseKey(), verified)
	wantCode(t, err, protocol.CodeBadResponse)
}

func FuzzVerifyResponse(f *testing.F) {
	sk, vk := newEnclave(f)
	for _, m := range []*pb.EnclaveResponse{result(vk), failure(vk)} {
		r, err := protocol.SignResponse(sk, m)
		if err != nil {
			f.Fatal(err)
		}
		b, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := protocol.ParseResponse("VAL-3", b)
		if err == nil {
			_, err = protocol.VerifyResponse("VAL-3", vk, r)
		}
		if err != nil && protocol.CodeOf(err) == "" {
			t.Fatalf("error %v has no code", err)
		}
	})
}

// Attack row 20: what was signed as an error verifies under no other label.
func TestEnclaveSignsErrorsUnderTheirOwnLabel(t *testing.T) {
	sk, vk := newEnclave(t)
	for _, test := range []struct {
		m           *pb.EnclaveResponse
		good, other keys.Label
	}{{result(vk), keys.LabelResponse, keys.LabelError}, {failure(vk), keys.LabelError, keys.LabelResponse}} {
		r, err := protocol.SignResponse(sk, test.m)
		if err != nil {
			t.Fatal(err)
		}
		if err := vk.Verify(test.good, r.GetResponse(), r.GetSignature()); err != nil {
			t.Errorf("%s under label %s: %v", test.m.GetKind(), test.good, err)
		}
		if vk.Verify(test.other, r.GetResponse(), r.GetSignature()) == nil {
			t.Errorf("%s verifies under label %s too", test.m.GetKind(), test.other)
		}
	}
}
