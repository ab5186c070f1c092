// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// A well-formed, well-signed proposal that asks for something else (INV-10).
func TestProposalThatAsksForSomethingElse(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	client := w.Org1.Client()
	ccreq := w.Ask(client, "put", "k", "v").CCReq
	for _, tc := range []struct {
		name   string
		change func(*envelope.Request)
		want   protocol.Code
	}{
		{"another channel", func(r *envelope.Request) { r.ChannelID = "otherchannel" }, protocol.CodeWrongChannel},
		{"no channel", func(r *envelope.Request) { r.ChannelID = "" }, protocol.CodeWrongChannel},
		{"another chaincode", func(r *envelope.Request) { r.Chaincode = "other" }, protocol.CodeWrongChaincode},
		{"transient map", func(r *envelope.Request) { r.Transient = map[string][]byte{"bid": []byte("100")} }, protocol.CodeTransientData},
		{"header of a configuration", func(r *envelope.Request) { r.Type = common.HeaderType_CONFIG }, protocol.CodeMalformed},
		{"init", func(r *envelope.Request) { r.IsInit = true }, protocol.CodeUnknownFunction},
		{"another function", func(r *envelope.Request) { r.Args[0] = []byte(protocol.FuncValidate) }, protocol.CodeUnknownFunction},
		{"no function", func(r *envelope.Request) { r.Args = nil }, protocol.CodeUnknownFunction},
		{"no request", func(r *envelope.Request) { r.Args = r.Args[:1] }, protocol.CodeBadArguments},
		{"two requests", func(r *envelope.Request) { r.Args = append(r.Args, ccreq) }, protocol.CodeBadArguments},
		{"request is garbage", func(r *envelope.Request) { r.Args[1] = []byte("garbage") }, protocol.CodeMalformed},
		{"request is empty", func(r *envelope.Request) { r.Args[1] = nil }, protocol.CodeMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := w.Proposal(client, protocol.InvokeArgs(ccreq)...)
			tc.change(&r)
			host := enclavetest.NewHost()
			_, err := w.Enclave.Invoke(t.Context(), w.Propose(client, r), host)
			wantCode(t, "invoke", err, tc.want)
			if asked := host.Asked(); len(asked) != 0 {
				t.Errorf("the enclave read state: %v", asked)
			}
		})
	}
}

// rebuild changes a signed proposal and signs it anew.
func rebuild(t *testing.T, w *enclavetest.World, signer *fpctest.Member, req *fpc.InvokeRequest, change func(*common.ChannelHeader, *common.SignatureHeader, *peer.ChaincodeProposalPayload)) *fpc.InvokeRequest {
	t.Helper()
	signed, proposal, header := &peer.SignedProposal{}, &peer.Proposal{}, &common.Header{}
	channel, signature, payload := &common.ChannelHeader{}, &common.SignatureHeader{}, &peer.ChaincodeProposalPayload{}
	read := func(b []byte, m proto.Message) {
		if err := proto.Unmarshal(b, m); err != nil {
			t.Fatal(err)
		}
	}
	write := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	read(req.GetSignedProposal(), signed)
	read(signed.GetProposalBytes(), proposal)
	read(proposal.GetHeader(), header)
	read(header.GetChannelHeader(), channel)
	read(header.GetSignatureHeader(), signature)
	read(proposal.GetPayload(), payload)
	change(channel, signature, payload)
	header.ChannelHeader, header.SignatureHeader = write(channel), write(signature)
	proposal.Header, proposal.Payload = write(header), write(payload)
	signed.ProposalBytes = write(proposal)
	var err error
	if signed.Signature, err = signer.Sign(signed.ProposalBytes); err != nil {
		t.Fatal(err)
	}
	return w.Hand(signed, channel.GetChannelId(), channel.GetTxId())
}

func TestAttack08ProposalAltered(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	client := w.Org1.Client()
	for _, tc := range []struct {
		name   string
		change func(*fpc.InvokeRequest) *fpc.InvokeRequest
		want   protocol.Code
	}{
		{"flipped bit in the signature", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return resign(t, w, r, func(s *peer.SignedProposal) { s.Signature[len(s.Signature)-1] ^= 1 })
		}, protocol.CodeBadSignature},
		{"no signature", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return resign(t, w, r, func(s *peer.SignedProposal) { s.Signature = nil })
		}, protocol.CodeMalformed},
		{"signed by somebody else", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return rebuild(t, w, w.Org1.Client("mallory"), r, func(*common.ChannelHeader, *common.SignatureHeader, *peer.ChaincodeProposalPayload) {})
		}, protocol.CodeBadSignature},
		{"another transaction id", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return rebuild(t, w, client, r, func(c *common.ChannelHeader, _ *common.SignatureHeader, _ *peer.ChaincodeProposalPayload) {
				c.TxId = envelope.TxID([]byte("other"), client.Creator())
			})
		}, protocol.CodeBadTxID},
		{"another nonce", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return rebuild(t, w, client, r, func(_ *common.ChannelHeader, s *common.SignatureHeader, _ *peer.ChaincodeProposalPayload) {
				s.Nonce[0] ^= 1
			})
		}, protocol.CodeBadTxID},
		{"epoch", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return rebuild(t, w, client, r, func(c *common.ChannelHeader, _ *common.SignatureHeader, _ *peer.ChaincodeProposalPayload) {
				c.Epoch = 1
			})
		}, protocol.CodeMalformed},
		{"handed over under another transaction id", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			r.TxId = envelope.TxID([]byte("other"), client.Creator())
			return r
		}, protocol.CodeBadTxID},
		{"handed over for another channel", func(r *fpc.InvokeRequest) *fpc.InvokeRequest { r.ChannelId = "other"; return r }, protocol.CodeWrongChannel},
		{"header and specification name different chaincodes", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return rebuild(t, w, client, r, func(_ *common.ChannelHeader, _ *common.SignatureHeader, p *peer.ChaincodeProposalPayload) {
				changeSpec(t, p, func(s *peer.ChaincodeSpec) { s.ChaincodeId.Name = "other" })
			})
		}, protocol.CodeWrongChaincode},
		{"garbage", func(r *fpc.InvokeRequest) *fpc.InvokeRequest { r.SignedProposal = []byte("garbage"); return r }, protocol.CodeMalformed},
		{"nothing", func(r *fpc.InvokeRequest) *fpc.InvokeRequest { r.SignedProposal = nil; return r }, protocol.CodeMalformed},
		{"decorations smuggled in by the client", func(r *fpc.InvokeRequest) *fpc.InvokeRequest {
			return rebuild(t, w, client, r, func(_ *common.ChannelHeader, _ *common.SignatureHeader, p *peer.ChaincodeProposalPayload) {
				changeSpec(t, p, func(s *peer.ChaincodeSpec) { s.Input.Decorations = map[string][]byte{"a": nil} })
			})
		}, protocol.CodeMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host := enclavetest.NewHost()
			_, err := w.Enclave.Invoke(t.Context(), tc.change(w.Ask(client, "put", "k", "v").Request), host)
			wantCode(t, "invoke", err, tc.want)
			if asked := host.Asked(); len(asked) != 0 {
				t.Errorf("the enclave read state: %v", asked)
			}
		})
	}
}

func changeSpec(t *testing.T, p *peer.ChaincodeProposalPayload, change func(*peer.ChaincodeSpec)) {
	t.Helper()
	spec := &peer.ChaincodeInvocationSpec{}
	if err := proto.Unmarshal(p.GetInput(), spec); err != nil {
		t.Fatal(err)
	}
	change(spec.ChaincodeSpec)
	p.Input = encode(t, spec)
}

// resign changes a signed proposal without its creator.
func resign(t *testing.T, w *enclavetest.World, r *fpc.InvokeRequest, change func(*peer.SignedProposal)) *fpc.InvokeRequest {
	t.Helper()
	signed := &peer.SignedProposal{}
	if err := proto.Unmarshal(r.GetSignedProposal(), signed); err != nil {
		t.Fatal(err)
	}
	change(signed)
	return w.Hand(signed, r.GetChannelId(), r.GetTxId())
}

func TestAttack08RequestAltered(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	client := w.Org1.Client()
	good := &fpc.Request{}
	if err := proto.Unmarshal(w.Ask(client, "put", "k", "v").CCReq, good); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*fpc.Request)
		want   protocol.Code
	}{
		{"flipped bit in the encapsulated key", func(r *fpc.Request) { r.EncryptedRequest[0] ^= 1 }, protocol.CodeRequestRefused},
		{"flipped bit at the end", func(r *fpc.Request) { r.EncryptedRequest[len(r.EncryptedRequest)-1] ^= 1 }, protocol.CodeRequestRefused},
		{"cut", func(r *fpc.Request) { r.EncryptedRequest = r.EncryptedRequest[:100] }, protocol.CodeRequestRefused},
		{"another key id", func(r *fpc.Request) { r.ChaincodeEkId[0] ^= 1 }, protocol.CodeUnknownKey},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := proto.CloneOf(good)
			tc.change(r)
			b, err := proto.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			host := enclavetest.NewHost()
			_, err = w.Enclave.Invoke(t.Context(), w.Propose(client, w.Proposal(client, protocol.InvokeArgs(b)...)), host)
			wantCode(t, "invoke", err, tc.want)
			if asked := host.Asked(); len(asked) != 0 {
				t.Errorf("the enclave read state: %v", asked)
			}
		})
	}
}

func TestAttack09ForeignRequest(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	captured := w.Ask(w.Org1.Client("alice"), "get", "secret")
	for _, thief := range []*fpctest.Member{w.Org1.Client("mallory"), w.Org2.Client("mallory")} {
		_, err := w.Enclave.Invoke(t.Context(), w.Propose(thief, w.Proposal(thief, protocol.InvokeArgs(captured.CCReq)...)), enclavetest.NewHost())
		wantCode(t, "alice's request proposed by mallory of "+thief.MSPID, err, protocol.CodeRequestRefused)
	}
	other := enclavetest.New(t)
	other.ChannelHash[0] ^= 1
	other.Org1, other.Org2, other.Key = w.Org1, w.Org2, w.Key
	other.Enclave, other.Credentials = w.Enclave, w.Credentials
	_, err := other.Ask(w.Org1.Client("alice"), "get", "secret").Send(enclavetest.NewHost())
	wantCode(t, "request for a network of the same names", err, protocol.CodeRequestRefused)
	other = enclavetest.New(t)
	other.Org1, other.Org2, other.ChannelHash = w.Org1, w.Org2, w.ChannelHash
	other.Start(enclavetest.KV{})
	_, err = other.Enclave.Invoke(t.Context(), captured.Request, enclavetest.NewHost())
	wantCode(t, "request for another enclave's keys", err, protocol.CodeUnknownKey)
}

func TestAttack10ForeignCreator(t *testing.T) {
	w := enclavetest.New(t)
	revoked := w.Org2.Client("revoked")
	w.Org2.Revoke(revoked)
	w.Start(enclavetest.KV{})
	impostor := fpctest.NewOrg(t, w.Org1.MSPID) // claims Org1's name, with a CA of its own
	selfMade := fpctest.NewCA(t, "Org1")
	for _, tc := range []struct {
		name    string
		creator *fpctest.Member
		want    protocol.Code
	}{
		{"self-made certificate with another's name", impostor.Client(), protocol.CodeForeignCreator},
		{"certificate of a self-made CA", w.Org1.Issue(fpctest.Template{Name: "client0." + w.Org1.MSPID, OUs: []string{fpctest.RoleClient}, Issuer: selfMade}), protocol.CodeForeignCreator},
		{"other channel's MSP", fpctest.NewOrg(t, "Org9MSP").Client(), protocol.CodeForeignCreator},
		{"revoked", revoked, protocol.CodeRevokedCreator},
		{"no role", w.Org1.Issue(fpctest.Template{Name: "nobody"}), protocol.CodeForeignCreator},
		{"a peer", w.Org1.Peer(), protocol.CodeForeignCreator},
		{"an orderer", w.Org1.Orderer(), protocol.CodeForeignCreator},
		{"a client", w.Org1.Client(), ""},
		{"an admin", w.Org2.Admin(), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host := enclavetest.NewHost()
			_, err := w.Ask(tc.creator, "put", "k", "v").Send(host)
			wantCode(t, "invoke", err, tc.want)
		})
	}
}

func TestCreatorOfAnOrganisationWithoutRoles(t *testing.T) {
	w := enclavetest.New(t)
	w.Org2 = fpctest.NewOrg(t, "Org2MSP", fpctest.WithoutNodeOUs(), fpctest.WithIntermediate())
	w.Start(enclavetest.KV{})
	wantResult(t, "any member", w.Ask(w.Org2.Client(), "put", "k", "v").MustSend(enclavetest.NewHost()), "")
}

func TestCreatorThatIsNoIdentity(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	client := w.Org1.Client()
	for name, creator := range map[string][]byte{
		"garbage":        []byte("garbage"),
		"no certificate": msp.Serialize(w.Org1.MSPID, []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")),
		"empty PEM":      msp.Serialize(w.Org1.MSPID, nil),
	} {
		r := w.Proposal(client, protocol.InvokeArgs(w.Ask(client, "get", "k").CCReq)...)
		r.Creator = creator
		proposal, txID, err := envelope.NewProposal(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := proto.Marshal(proposal)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := client.Sign(b)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Enclave.Invoke(t.Context(), w.Hand(&peer.SignedProposal{ProposalBytes: b, Signature: signature}, r.ChannelID, txID), enclavetest.NewHost())
		wantCode(t, name, err, protocol.CodeForeignCreator)
	}
}
