// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"crypto/ecdsa"
	"errors"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim/cid"
)

// Known remembers what credentials, keys and creators decode to: most
// transactions come with the same ones. It remembers no verdict. What the
// registry says of an enclave is asked anew for each transaction, and each
// signature is verified. The zero value is ready; it may be used concurrently.
type Known struct {
	credentials memo[*protocol.Credentials] // by the attested data
	keyIDs      memo[[]byte]                // by the serialised Chaincode_EK
	creators    memo[*ecdsa.PublicKey]      // by the serialised identity
}

// credentialsOf decodes credentials but for the evidence, which ERCC verified.
func (k *Known) credentialsOf(m *fpc.Credentials) (*protocol.Credentials, error) {
	return k.credentials.of(m.GetAttestedData(), func(data []byte) (*protocol.Credentials, error) {
		return protocol.CredentialsFromPB(stepLookup, &fpc.Credentials{AttestedData: data})
	})
}

// keyID returns the id of a registered Chaincode_EK.
func (k *Known) keyID(m *fpc.PublicKey) ([]byte, error) {
	serialised, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	return k.keyIDs.of(serialised, func([]byte) ([]byte, error) {
		ek, err := keys.ChaincodeEKFromPB(m)
		if err != nil {
			return nil, err
		}
		return ek.ID(), nil
	})
}

// creatorKey returns the key in a creator's certificate.
func (k *Known) creatorKey(creator []byte) (*ecdsa.PublicKey, error) {
	return k.creators.of(creator, func(creator []byte) (*ecdsa.PublicKey, error) {
		parsed, err := cid.Parse(creator)
		if err != nil {
			return nil, err
		}
		key, ok := parsed.Certificate().PublicKey.(*ecdsa.PublicKey)
		if !ok {
			return nil, errors.New("creator's key is not ECDSA")
		}
		return key, nil
	})
}

const (
	// memoSize is how many results a memo holds before it forgets them all.
	memoSize = 1024
	// memoInput is the longest input that it remembers, in bytes.
	memoInput = 16 << 10
)

// memo remembers the results of a function whose result depends on its input
// alone. Failures are not remembered.
type memo[V any] struct {
	mu    sync.Mutex
	known map[string]V
}

func (m *memo[V]) of(input []byte, f func(input []byte) (V, error)) (V, error) {
	m.mu.Lock()
	v, ok := m.known[string(input)]
	m.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := f(input)
	if err != nil || len(input) > memoInput {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= memoSize {
		m.known = make(map[string]V)
	}
	m.known[string(input)] = v
	return v, nil
}
