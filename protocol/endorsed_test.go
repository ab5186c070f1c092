// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// endorser is an enclave of Full mode with its certificate.
type endorser struct {
	sk   keys.EnclaveSK
	org  *fpctest.Org
	want protocol.ExpectedEndorsement
	rKey keys.ResponseKey
}

func newEndorser(t testing.TB) *endorser {
	t.Helper()
	sk, vk := newEnclave(t)
	org := fpctest.NewOrg(t, "Org1MSP")
	data := &pb.AttestedData{CcParams: ccParams(), HostParams: &pb.HostParameters{MspId: org.MSPID}, ChannelHash: bytes.Repeat([]byte{1}, 32)}
	rKey := keys.NewResponseKey()
	return &endorser{sk: sk, org: org, rKey: rKey, want: protocol.ExpectedEndorsement{
		Enclave:       &protocol.Credentials{Data: data, EnclaveVK: vk},
		Certificate:   certify(t, org, vk),
		ProposalHash:  bytes.Repeat([]byte{3}, 32),
		TxID:          txID,
		RequestHash:   protocol.RequestHash([]byte("request")),
		ChaincodeEKID: bytes.Repeat([]byte{2}, 32),
		ResponseKey:   rKey,
	}}
}

func certify(t testing.TB, org *fpctest.Org, vk keys.EnclaveVK, ous ...string) []byte {
	t.Helper()
	key, err := x509.ParsePKIXPublicKey(vk.DER())
	if err != nil {
		t.Fatal(err)
	}
	return org.Certify(key.(*ecdsa.PublicKey), fpctest.Template{Name: vk.ID(), OUs: append([]string{fpctest.RoleClient}, ous...)})
}

// endorse makes what an honest enclave answers; edits change it before it is
// signed.
func (e *endorser) endorse(t testing.TB, edits ...func(*protocol.EndorsedPayload, *pb.HeadUsed)) *pb.Response {
	t.Helper()
	id, err := keys.ParseTxID(txID)
	if err != nil {
		t.Fatal(err)
	}
	exec := bytes.Repeat([]byte{4}, 32)
	sealed, err := protocol.SealResponse(e.rKey, keys.ResponseBinding{
		ChannelHash: bytes.Repeat([]byte{1}, 32), ChaincodeID: "auction", TxID: id, RequestHash: e.want.RequestHash, Exec: keys.Exec(exec),
	}, keys.PadPadme, &pb.ClearResponse{Status: 200, Payload: []byte("sold")})
	if err != nil {
		t.Fatal(err)
	}
	payload := protocol.EndorsedPayload{
		ProposalHash: e.want.ProposalHash, ReadWriteSet: []byte("read/write set"),
		Event: &peer.ChaincodeEvent{ChaincodeId: "auction", TxId: txID, EventName: "sold", Payload: []byte("sealed")},
		Result: &pb.EndorsedResult{
			ChaincodeEkId: e.want.ChaincodeEKID, Generation: 1, RequestHash: e.want.RequestHash[:], Exec: exec, EncryptedResponse: sealed,
		},
		Chaincode: ccParams(),
	}
	head := &pb.HeadUsed{EnclaveId: e.want.Enclave.EnclaveVK.ID(), Height: 7, BlockHash: bytes.Repeat([]byte{5}, 32)}
	for _, edit := range edits {
		edit(&payload, head)
	}
	b, err := payload.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	r, err := protocol.SignEndorsed(e.sk, msp.Serialize(e.org.MSPID, e.want.Certificate), b, head, e.rKey)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEndorsementVerifies(t *testing.T) {
	e := newEndorser(t)
	got, err := protocol.VerifyEndorsed("INV-22", e.endorse(t), e.want)
	if err != nil {
		t.Fatal(err)
	}
	if got.Head().GetHeight() != 7 || string(got.Action().ReadWriteSet) != "read/write set" {
		t.Errorf("got head %v, read/write set %q, want height 7 and what was endorsed", got.Head(), got.Action().ReadWriteSet)
	}
	clear, err := protocol.OpenEndorsed(e.rKey, got)
	if err != nil || string(clear.GetPayload()) != "sold" {
		t.Errorf("opened %q, %v, want \"sold\"", clear.GetPayload(), err)
	}
	// A Fabric MSP finds the endorsement good too.
	claim := envelope.EndorsementClaim(got.Payload(), got.Endorsement())
	id, err := e.org.MSP().Identity(claim.Identity)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.Verify(claim.Data, claim.Signature); err != nil {
		t.Errorf("the MSP refuses the endorsement: %v", err)
	}
}

// Attack row 8: what answers another question, or was not signed so, is refused.
func TestWrongEndorsementIsRefused(t *testing.T) {
	type edit = func(*protocol.EndorsedPayload, *pb.HeadUsed)
	tests := []struct {
		name string
		edit edit
		want protocol.Code
	}{
		{"other proposal", func(p *protocol.EndorsedPayload, _ *pb.HeadUsed) { p.ProposalHash = bytes.Repeat([]byte{9}, 32) }, protocol.CodeBadResponse},
		{"other chaincode", func(p *protocol.EndorsedPayload, _ *pb.HeadUsed) { p.Chaincode.ChaincodeId = "other" }, protocol.CodeWrongChaincode},
		{"other version", func(p *protocol.EndorsedPayload, _ *pb.HeadUsed) { p.Chaincode.Version = "fpc-w" }, protocol.CodeWrongChaincode},
		{"other key", func(p *protocol.EndorsedPayload, _ *pb.HeadUsed) {
			p.Result.ChaincodeEkId = bytes.Repeat([]byte{9}, 32)
		}, protocol.CodeUnknownKey},
		{"other request", func(p *protocol.EndorsedPayload, _ *pb.HeadUsed) { p.Result.RequestHash = bytes.Repeat([]byte{9}, 32) }, protocol.CodeRequestHash},
		{"no exec", func(p *protocol.EndorsedPayload, _ *pb.HeadUsed) { p.Result.Exec = nil }, protocol.CodeMalformed},
		{"another enclave's head", func(_ *protocol.EndorsedPayload, h *pb.HeadUsed) { h.EnclaveId = fpctest.OtherHex(h.EnclaveId) }, protocol.CodeWrongEnclave},
		{"head without height", func(_ *protocol.EndorsedPayload, h *pb.HeadUsed) { h.Height = 0 }, protocol.CodeMalformed},
		{"head without hash", func(_ *protocol.EndorsedPayload, h *pb.HeadUsed) { h.BlockHash = nil }, protocol.CodeMalformed},
	}
	e := newEndorser(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := protocol.VerifyEndorsed("INV-22", e.endorse(t, test.edit), e.want)
			wantCode(t, err, test.want)
		})
	}
}

func TestAlteredEndorsementIsRefused(t *testing.T) {
	e, other := newEndorser(t), newEndorser(t)
	tests := []struct {
		name string
		edit func(*pb.Response)
		want protocol.Code
	}{
		{"payload", func(r *pb.Response) { r.Endorsed.Payload[9] ^= 1 }, protocol.CodeBadSignature},
		{"signature", func(r *pb.Response) { r.Endorsed.Signature[9] ^= 1 }, protocol.CodeBadSignature},
		{"another enclave's", func(r *pb.Response) { r.Endorsed = other.endorse(t).Endorsed }, protocol.CodeWrongEnclave},
		{"endorser's organisation", func(r *pb.Response) { r.Endorsed.Endorser = msp.Serialize("Org2MSP", e.want.Certificate) }, protocol.CodeWrongEnclave},
		{"endorser's form", func(r *pb.Response) { r.Endorsed.Endorser = []byte{0xff} }, protocol.CodeMalformed},
		{"head", func(r *pb.Response) { r.Endorsed.Head[9] ^= 1 }, protocol.CodeBadSignature},
		{"MAC of the head", func(r *pb.Response) { r.Endorsed.HeadMac[9] ^= 1 }, protocol.CodeBadSignature},
		{"no MAC of the head", func(r *pb.Response) { r.Endorsed.HeadMac = nil }, protocol.CodeBadSignature},
		{"another request's head", func(r *pb.Response) {
			another := *e
			another.rKey = keys.NewResponseKey()
			r.Endorsed = another.endorse(t).Endorsed
			r.Endorsed.Payload, r.Endorsed.Signature = e.endorse(t).Endorsed.Payload, e.endorse(t).Endorsed.Signature
		}, protocol.CodeBadSignature},
		{"another result's head", func(r *pb.Response) {
			m := e.endorse(t, func(p *protocol.EndorsedPayload, _ *pb.HeadUsed) { p.ReadWriteSet = nil }).Endorsed
			r.Endorsed.Head, r.Endorsed.HeadMac = m.Head, m.HeadMac
		}, protocol.CodeBadSignature},
		{"the head of another run with the same result", func(r *pb.Response) {
			m := e.endorse(t, func(_ *protocol.EndorsedPayload, h *pb.HeadUsed) { h.Height = 9 }).Endorsed
			r.Endorsed.Head, r.Endorsed.HeadMac = m.Head, m.HeadMac
		}, protocol.CodeBadSignature},
		{"a response of Lite beside it", func(r *pb.Response) { r.Response = []byte{1} }, protocol.CodeMalformed},
		{"nothing", func(r *pb.Response) { r.Endorsed = nil }, protocol.CodeMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := proto.CloneOf(e.endorse(t))
			test.edit(r)
			_, err := protocol.VerifyEndorsed("INV-22", r, e.want)
			wantCode(t, err, test.want)
			known := e.want
			known.Endorser = msp.Serialize(e.org.MSPID, e.want.Certificate)
			_, err = protocol.VerifyEndorsed("INV-22", r, known)
			wantCode(t, err, test.want)
		})
	}
	t.Run("no certificate in the credentials", func(t *testing.T) {
		want := e.want
		want.Certificate = nil
		_, err := protocol.VerifyEndorsed("INV-22", e.endorse(t), want)
		wantCode(t, err, protocol.CodeNotCertified)
	})
	t.Run("certificate over another key", func(t *testing.T) {
		want := e.want
		want.Enclave = &protocol.Credentials{Data: e.want.Enclave.Data, EnclaveVK: other.want.Enclave.EnclaveVK}
		_, err := protocol.VerifyEndorsed("INV-22", e.endorse(t), want)
		wantCode(t, err, protocol.CodeWrongEnclave)
	})
	t.Run("taken for a response of Lite", func(t *testing.T) {
		_, err := protocol.VerifyResponse("VAL-3", e.want.Enclave.EnclaveVK, e.endorse(t))
		wantCode(t, err, protocol.CodeMalformed)
	})
}

func TestEnclaveCertificateForm(t *testing.T) {
	e, other := newEndorser(t), newEndorser(t)
	vk := e.want.Enclave.EnclaveVK
	ou := protocol.EnclaveOU(bytes.Repeat([]byte{1}, 32), "auction", "fpc-v")
	good := certify(t, e.org, vk, ou)
	tests := []struct {
		name string
		text []byte
		want protocol.Code
	}{
		{"good", good, ""},
		{"no organisation unit", certify(t, e.org, vk), protocol.CodeWrongCertificate},
		{"another chaincode's", certify(t, e.org, vk, protocol.EnclaveOU(make([]byte, 32), "auction", "fpc-v")), protocol.CodeWrongCertificate},
		{"another key", certify(t, e.org, other.want.Enclave.EnclaveVK, ou), protocol.CodeWrongEnclave},
		{"two", append(bytes.Clone(good), good...), protocol.CodeMalformed},
		{"none", nil, protocol.CodeMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := protocol.CheckEnclaveCertificate("REG-9", test.text, vk.DER(), ou)
			if test.want != "" {
				wantCode(t, err, test.want)
			} else if err != nil {
				t.Errorf("got %v, want none", err)
			}
		})
	}
}

func FuzzVerifyEndorsed(f *testing.F) {
	e := newEndorser(f)
	good, err := proto.Marshal(e.endorse(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{})
	honest := e.endorse(f).GetEndorsed().GetPayload()
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := protocol.ParseResponse("INV-22", b)
		if err != nil {
			return
		}
		v, err := protocol.VerifyEndorsed("INV-22", r, e.want)
		if err != nil {
			if protocol.CodeOf(err) == "" {
				t.Errorf("error %v has no code", err)
			}
			return
		}
		// Sealing is deterministic here, so only what was endorsed verifies.
		if sha256.Sum256(v.Payload()) != sha256.Sum256(honest) {
			t.Errorf("a payload verifies that the enclave did not endorse")
		}
	})
}
