// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// TxID is a Fabric transaction id, SHA-256(nonce ‖ creator), as bytes.
type TxID [32]byte

// ParseTxID reads a transaction id as Fabric writes it: 64 lower-case hex digits.
func ParseTxID(s string) (TxID, error) {
	var id TxID
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) || hex.EncodeToString(b) != s {
		return TxID{}, fmt.Errorf("%w: transaction id", ErrMalformed)
	}
	copy(id[:], b)
	return id, nil
}

// String returns the id as Fabric writes it.
func (id TxID) String() string { return hex.EncodeToString(id[:]) }

// Exec names one execution by its inputs: request, reads, range results. Equal
// ciphertexts occur only between executions of equal inputs.
type Exec [32]byte

// StateKey is a chaincode's state encryption key, SEK. Keys for values, for
// events and for blinding are derived from it. It is safe for concurrent use.
type StateKey struct {
	s      *secret
	values *siv
	events *siv
	blind  *secret
}

// ValueHeader stands in clear before a sealed value, and is bound by it.
type ValueHeader struct {
	Generation uint64 // of the key set
	TxID       TxID   // the writing transaction
	Exec       Exec   // the writing execution
}

// ValueBinding is what a state value belongs to.
type ValueBinding struct {
	ChannelHash []byte // Channel_hash, 32 bytes
	ChaincodeID string
	Key         string // the state key, in clear
	ValueHeader
}

// EventBinding is what an event payload belongs to.
type EventBinding struct {
	ChannelHash []byte
	ChaincodeID string
	Generation  uint64
	Name        string
	TxID        TxID
	RequestHash [32]byte
	Exec        Exec
}

// valueVersion is the first byte of a sealed value.
const valueVersion = 1

// headerSize is version, generation, transaction id and exec.
const headerSize = 1 + 8 + 32 + 32

// NewStateKey generates a key (KEY-1).
func NewStateKey() (StateKey, error) { return newStateKey(randomSecret(sivKeySize)) }

func newStateKey(s *secret) (StateKey, error) {
	values, err := s.siv(LabelStateValue)
	if err != nil {
		return StateKey{}, err
	}
	events, err := s.siv(LabelEvent)
	if err != nil {
		return StateKey{}, err
	}
	blind, err := s.blindingKey()
	if err != nil {
		return StateKey{}, err
	}
	return StateKey{s, values, events, blind}, nil
}

// ParseStateKey reads what [StateKey.MarshalSecret] wrote.
func ParseStateKey(b []byte) (StateKey, error) {
	s, err := parseSecret(b, sivKeySize, "SEK")
	if err != nil {
		return StateKey{}, err
	}
	return newStateKey(s)
}

// MarshalSecret returns the key's 64 bytes, to be sealed and nothing else.
func (k StateKey) MarshalSecret() ([]byte, error) { return k.s.bytes() }

// Format implements fmt.Formatter: no verb prints the key.
func (k StateKey) Format(f fmt.State, _ rune) { redact(f, "keys.StateKey") }

// SealValue pads and encrypts a state value (INV-15). The same arguments give
// the same bytes on every enclave that holds the key.
func (k StateKey) SealValue(b ValueBinding, p Padding, plaintext []byte) ([]byte, error) {
	ct, err := k.values.seal(b.aad(), p.Pad(plaintext))
	if err != nil {
		return nil, err
	}
	return append(b.marshal(), ct...), nil
}

// OpenValue decrypts a state value that was read under the binding's channel,
// chaincode and key (EX-1); the binding's header is taken from the value and
// returned. It returns [ErrOpen] if the value was altered or moved, and
// [ErrMalformed] if it is not a sealed value at all.
func (k StateKey) OpenValue(b ValueBinding, sealed []byte) ([]byte, ValueHeader, error) {
	h, err := ParseValueHeader(sealed)
	if err != nil {
		return nil, ValueHeader{}, err
	}
	b.ValueHeader = h
	padded, err := k.values.open(b.aad(), sealed[headerSize:])
	if err != nil {
		return nil, ValueHeader{}, err
	}
	plaintext, err := Unpad(padded)
	if err != nil {
		return nil, ValueHeader{}, err
	}
	return plaintext, h, nil
}

// SealEvent pads and encrypts an event's payload (INV-15).
func (k StateKey) SealEvent(b EventBinding, p Padding, plaintext []byte) ([]byte, error) {
	return k.events.seal(b.aad(), p.Pad(plaintext))
}

// OpenEvent decrypts an event's payload.
func (k StateKey) OpenEvent(b EventBinding, sealed []byte) ([]byte, error) {
	padded, err := k.events.open(b.aad(), sealed)
	if err != nil {
		return nil, err
	}
	return Unpad(padded)
}

// ParseValueHeader reads the header of a sealed value without opening it: what
// it says is only claimed until [StateKey.OpenValue] succeeds.
func ParseValueHeader(sealed []byte) (ValueHeader, error) {
	if len(sealed) < headerSize || sealed[0] != valueVersion {
		return ValueHeader{}, fmt.Errorf("%w: not a sealed state value", ErrMalformed)
	}
	return ValueHeader{
		Generation: binary.BigEndian.Uint64(sealed[1:9]),
		TxID:       TxID(sealed[9:41]),
		Exec:       Exec(sealed[41:73]),
	}, nil
}

func (h ValueHeader) marshal() []byte {
	b := append(make([]byte, 0, headerSize), valueVersion)
	b = binary.BigEndian.AppendUint64(b, h.Generation)
	b = append(b, h.TxID[:]...)
	return append(b, h.Exec[:]...)
}

func (b ValueBinding) aad() []byte {
	return Encode(LabelStateValue, b.ChannelHash, []byte(b.ChaincodeID), b.marshal(), []byte(b.Key))
}

func (b EventBinding) aad() []byte {
	return Encode(LabelEvent, b.ChannelHash, []byte(b.ChaincodeID), binary.BigEndian.AppendUint64(nil, b.Generation),
		[]byte(b.Name), b.TxID[:], b.RequestHash[:], b.Exec[:])
}
