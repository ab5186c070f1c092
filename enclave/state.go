// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// state is all that an enclave is. It is immutable: a change makes a new one, so
// an invocation sees one state from its begin to its end.
type state struct {
	params      *fpc.CCParameters
	host        *fpc.HostParameters
	channelHash []byte
	msps        *fpc.MSPConfigurations
	members     *membership
	roots       map[string][]byte // of every MSP ever known, see membership.pinRoots

	sk       keys.EnclaveSK
	vk       keys.EnclaveVK
	id       string // Enclave_Id
	dk       keys.EnclaveDK
	attested []byte // AttestedData as last attested
	custody  protocol.Custody

	keys *keySet    // nil: not provisioned
	full *fullState // nil: Lite
}

// keySet is one generation of the chaincode's keys (docs/flows.md, Keys).
type keySet struct {
	generation uint64
	sek        keys.StateKey
	dk         keys.ChaincodeDK
	ek         keys.ChaincodeEK
	ekID       []byte
	lineage    protocol.Lineage
}

func newKeySet(generation uint64, sek keys.StateKey, dk keys.ChaincodeDK, lineage protocol.Lineage) (*keySet, error) {
	ek, err := dk.Public()
	if err != nil {
		return nil, err
	}
	return &keySet{generation, sek, dk, ek, ek.ID(), lineage}, nil
}

// marshal returns the state for sealing: it holds every secret.
func (s *state) marshal() ([]byte, error) {
	sk, err := s.sk.MarshalSecret()
	if err != nil {
		return nil, err
	}
	dk, err := s.dk.MarshalSecret()
	if err != nil {
		return nil, err
	}
	ek, err := s.dk.Public()
	if err != nil {
		return nil, err
	}
	m := &fpc.EnclaveState{
		CcParams:       s.params,
		HostParams:     s.host,
		ChannelHash:    s.channelHash,
		Msps:           s.msps,
		EnclaveSk:      sk,
		EnclaveDkSuite: string(ek.Suite()),
		EnclaveDk:      dk,
		AttestedData:   s.attested,
		MspRoots:       s.roots,
		Custody:        &fpc.Custody{Platform: s.custody.Platform, Tcb: s.custody.TCB, Debug: s.custody.Debug},
	}
	if s.keys != nil {
		set, err := s.keys.pb()
		if err != nil {
			return nil, err
		}
		m.KeySets = []*fpc.KeySet{set}
	}
	if s.full != nil {
		m.Full = s.full.pb()
	}
	return marshal(m)
}

func (k *keySet) pb() (*fpc.KeySet, error) {
	sek, err := k.sek.MarshalSecret()
	if err != nil {
		return nil, err
	}
	dk, err := k.dk.MarshalSecret()
	if err != nil {
		return nil, err
	}
	return &fpc.KeySet{
		Generation:  k.generation,
		StateKey:    sek,
		Suite:       string(k.ek.Suite()),
		ChaincodeDk: dk,
		Lineage:     k.lineage.PB(),
	}, nil
}

// parseState reads what marshal wrote. Its errors are those of a program of
// another version: whoever could make such bytes holds the sealing key.
func parseState(step string, b []byte) (*state, error) {
	m := &fpc.EnclaveState{}
	if err := protocol.Unmarshal(step, "enclave state", b, m); err != nil {
		return nil, err
	}
	members, err := newMembership(m.GetMsps())
	if err != nil {
		return nil, err
	}
	c := m.GetCustody()
	s := &state{
		params:      m.GetCcParams(),
		host:        m.GetHostParams(),
		channelHash: m.GetChannelHash(),
		msps:        m.GetMsps(),
		members:     members,
		roots:       m.GetMspRoots(),
		attested:    m.GetAttestedData(),
		custody:     protocol.Custody{Platform: c.GetPlatform(), TCB: c.GetTcb(), Debug: c.GetDebug()},
	}
	if s.sk, err = keys.ParseEnclaveSK(m.GetEnclaveSk()); err != nil {
		return nil, err
	}
	if s.vk, err = s.sk.VK(); err != nil {
		return nil, err
	}
	s.id = s.vk.ID()
	if s.dk, err = keys.ParseEnclaveDK(keys.Suite(m.GetEnclaveDkSuite()), m.GetEnclaveDk()); err != nil {
		return nil, err
	}
	for _, set := range m.GetKeySets() {
		if s.keys, err = parseKeySet(step, set); err != nil {
			return nil, err
		}
	}
	if m.GetFull() != nil {
		s.full = parseFullState(s, m.GetFull())
	}
	return s, nil
}

func parseKeySet(step string, m *fpc.KeySet) (*keySet, error) {
	sek, err := keys.ParseStateKey(m.GetStateKey())
	if err != nil {
		return nil, err
	}
	dk, err := keys.ParseChaincodeDK(keys.Suite(m.GetSuite()), m.GetChaincodeDk())
	if err != nil {
		return nil, err
	}
	lineage, err := protocol.LineageFromPB(step, m.GetLineage())
	if err != nil {
		return nil, err
	}
	return newKeySet(m.GetGeneration(), sek, dk, lineage)
}
