// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
)

// reconfigure changes the configuration without asking anybody.
func (s *scene) reconfigure(change func(*common.ConfigGroup)) {
	s.t.Helper()
	config := proto.CloneOf(s.bundle.Config())
	change(config.ChannelGroup)
	bundle, err := channel.NewBundle(channelID, config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.bundle = bundle
}

// batchTimeout is a config transaction that sets the batch timeout, with the
// signatures of the given.
func (s *scene) batchTimeout(timeout string, signers ...msp.Signer) *common.ConfigEnvelope {
	s.t.Helper()
	return s.update(func(g *common.ConfigGroup) *common.ConfigValue { return g.Groups["Orderer"].Values["BatchTimeout"] },
		&orderer.BatchTimeout{Timeout: timeout}, signers...)
}

// update is the configuration after a change of one value, with the update that
// leads to it.
func (s *scene) update(of func(*common.ConfigGroup) *common.ConfigValue, value proto.Message, signers ...msp.Signer) *common.ConfigEnvelope {
	s.t.Helper()
	to := proto.CloneOf(s.bundle.Config())
	of(to.ChannelGroup).Value = marshal(s.t, value)
	update, err := channel.ComputeUpdate(channelID, s.bundle.Config(), to)
	if err != nil {
		s.t.Fatal(err)
	}
	raw := marshal(s.t, update)
	var signatures []*common.ConfigSignature
	for _, signer := range signers {
		signature, err := channel.SignUpdate(raw, nonce(s.t), signer)
		if err != nil {
			s.t.Fatal(err)
		}
		signatures = append(signatures, signature)
	}
	env, err := channel.UpdateEnvelope(channelID, raw, signatures, nonce(s.t), when, s.orgs[0].Admin())
	if err != nil {
		s.t.Fatal(err)
	}
	to.Sequence++
	of(to.ChannelGroup).Version++
	return &common.ConfigEnvelope{Config: to, LastUpdate: env}
}

// configTx is what the orderer makes of it.
func (s *scene) configTx(config proto.Message) []byte {
	s.t.Helper()
	env, err := envelope.NewSigned(envelope.Message{
		Type: common.HeaderType_CONFIG, ChannelID: channelID, Nonce: nonce(s.t), Timestamp: when, Data: config,
	}, s.orderer.Orderer())
	if err != nil {
		s.t.Fatal(err)
	}
	return marshal(s.t, env)
}

func TestConfigTransaction(t *testing.T) {
	s := newScene(t)
	config := s.batchTimeout("3s", s.orderer.Admin())
	r := s.block(s.configTx(config))
	wantCodes(t, r, valid)
	if r.Bundle == nil || r.Bundle.Sequence() != 1 || r.Bundle.Batch().Timeout.String() != "3s" {
		t.Fatalf("new configuration: got %v, want sequence 1 with a timeout of 3s", r.Bundle)
	}
	v, err := s.ledger.Version("", "CHANNEL_CONFIG_ENV_BYTES")
	if want := (&rwset.Version{Block: 1}); err != nil || !rwset.Same(v, want) {
		t.Errorf("version of the configuration in the state: got %v, %v, want %v", v, err, want)
	}
	stored := &common.ConfigEnvelope{}
	unmarshal(t, s.ledger.public[""]["CHANNEL_CONFIG_ENV_BYTES"].value, stored)
	if !proto.Equal(stored, config) {
		t.Errorf("configuration in the state: got %v, want %v", stored, config)
	}
	if r := s.block(s.configTx(s.batchTimeout("4s", s.orderer.Admin()))); r.Bundle.Sequence() != 2 {
		t.Errorf("sequence of the next configuration: got %d, want 2", r.Bundle.Sequence())
	}
}

// A config transaction that does not follow means that this is not the
// channel's chain, or not its rules: peers stop.
func TestConfigTransactionHalts(t *testing.T) {
	s := newScene(t)
	skipping := s.batchTimeout("3s", s.orderer.Admin())
	skipping.Config.Sequence++
	other := s.batchTimeout("3s", s.orderer.Admin())
	other.Config.ChannelGroup.Groups["Orderer"].Values["BatchTimeout"].Value = marshal(t, &orderer.BatchTimeout{Timeout: "9s"})
	for _, c := range []struct {
		name, code string
		config     proto.Message
	}{
		{"not authorised", channel.CodeNotAuthorized, s.batchTimeout("3s", s.orgs[0].Admin(), s.orgs[1].Admin())},
		{"skips a sequence", channel.CodeWrongSequence, skipping},
		{"not what the update gives", channel.CodeUpdateMismatch, other},
		{"empty", channel.CodeBadUpdate, &common.ConfigEnvelope{}},
		{"unusable", channel.CodeBadConfig, s.batchTimeout("never", s.orderer.Admin())},
	} {
		data := c.config
		if data, ok := data.(*common.ConfigEnvelope); ok && data.Config == nil {
			data.LastUpdate = &common.Envelope{Payload: []byte("p")}
		}
		_, err := s.judge(s.configTx(data))
		var halt *HaltError
		var ce *channel.Error
		if !errors.As(err, &halt) || !errors.As(err, &ce) || ce.Code != c.code {
			t.Errorf("%s: got %v, want a HaltError of code %s", c.name, err, c.code)
		}
	}
}

func TestConfigTransactionCreator(t *testing.T) {
	s := newScene(t)
	raw := s.configTx(s.batchTimeout("3s", s.orderer.Admin()))
	edit(t, &raw, func(e *common.Envelope) { e.Signature[9] ^= 1 })
	r, err := s.judge(raw)
	if err != nil {
		t.Fatal(err)
	}
	wantCodes(t, r, badCreator)
	if r.Bundle != nil {
		t.Error("an invalid config transaction changed the configuration")
	}
}

func TestFinishNeedsTheSameBundle(t *testing.T) {
	s := newScene(t)
	s.define(lifecycle.Definition{Name: "kv"})
	tx := Check(s.tx(s.writing("kv", "k", 1, 2)), s.bundle)
	s.reconfigure(func(*common.ConfigGroup) {})
	if _, err := Finish(1, []*Tx{tx}, s.bundle, s.ledger); err == nil {
		t.Error("transactions checked under another configuration: got no error, want one")
	}
	if _, err := Finish(1, []*Tx{nil}, s.bundle, s.ledger); err == nil {
		t.Error("transaction not checked: got no error, want one")
	}
}

func TestGenesisRefusesOtherBlocks(t *testing.T) {
	s := newScene(t)
	for name, data := range map[string][][]byte{
		"empty": nil, "garbage": {{0xff}}, "two": {{}, {}}, "endorser transaction": {s.tx(s.writing("kv", "k", 1))},
	} {
		_, err := Genesis(&common.Block{Data: &common.BlockData{Data: data}})
		var ce *channel.Error
		if !errors.As(err, &ce) {
			t.Errorf("%s: got %v, want a *channel.Error", name, err)
		}
	}
}
