// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

const channelID = "mychannel"

// scene is a channel of three organisations.
type scene struct {
	t       testing.TB
	orgs    []*fpctest.Org
	orderer *fpctest.Org
	admins  []msp.Signer // of all organisations, the orderer's first
	profile Profile
	bundle  *Bundle
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{t: t, orderer: fpctest.NewOrg(t, "OrdererMSP")}
	s.profile = Profile{
		ChannelID: channelID, Timestamp: time.Unix(1_700_000_000, 0), Nonce: []byte("nonce"),
		Orderer: OrdererOrg{Name: "OrdererOrg", MSP: s.orderer.Config(), Endpoints: []string{"localhost:7050"}},
		Raft:    &orderer.RaftConfigMetadata{Consenters: []*orderer.RaftConsenter{{Host: "localhost", Port: 7050}}},
	}
	for _, name := range []string{"Org1", "Org2", "Org3"} {
		o := fpctest.NewOrg(t, name+"MSP")
		s.orgs = append(s.orgs, o)
		s.profile.Application = append(s.profile.Application, ApplicationOrg{
			Name: name, MSP: o.Config(), AnchorPeers: []*peer.AnchorPeer{{Host: "localhost", Port: 7051}},
		})
	}
	s.admins = []msp.Signer{s.orderer.Admin(), s.orgs[0].Admin(), s.orgs[1].Admin(), s.orgs[2].Admin()}
	config, err := s.profile.Config()
	if err != nil {
		t.Fatal(err)
	}
	if s.bundle, err = NewBundle(channelID, config); err != nil {
		t.Fatal(err)
	}
	return s
}

// edited is the configuration after a change, made without asking anybody.
func (s *scene) edited(change func(*common.ConfigGroup)) *common.Config {
	to := proto.CloneOf(s.bundle.Config())
	change(to.ChannelGroup)
	return to
}

// update is an envelope that asks for a change, with signatures of the given.
func (s *scene) update(change func(*common.ConfigGroup), signers ...msp.Signer) *common.Envelope {
	s.t.Helper()
	u, err := ComputeUpdate(channelID, s.bundle.Config(), s.edited(change))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.envelope(u, signers...)
}

func (s *scene) envelope(u *common.ConfigUpdate, signers ...msp.Signer) *common.Envelope {
	s.t.Helper()
	raw := marshal(s.t, u)
	var signatures []*common.ConfigSignature
	for _, signer := range signers {
		signature, err := SignUpdate(raw, []byte("nonce"), signer)
		if err != nil {
			s.t.Fatal(err)
		}
		signatures = append(signatures, signature)
	}
	env, err := UpdateEnvelope(channelID, raw, signatures, []byte("nonce"), s.profile.Timestamp, s.admins[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return env
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// wantCode asserts an *Error of a code, or none for "".
func wantCode(t testing.TB, what string, err error, code string) {
	t.Helper()
	var e *Error
	switch {
	case code == "" && err == nil:
	case code == "" || !errors.As(err, &e) || e.Code != code:
		t.Errorf("%s: got error %v, want code %q", what, err, code)
	}
}
