// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// The state keys that only the registry reads; the others are protocol's, for
// ledger enclaves read them too. Chaincode names hold no slash, so keys of two
// chaincodes never meet.
const (
	approvalPrefix = "namespaces/approval/" // <cc>/<enclave>/<msp>: approval of a revocation
	manifestPrefix = "namespaces/manifest/" // <cc>/<version>: code manifest
)

// store reads and writes the registry's state. Messages are serialised
// deterministically, so that all endorsers write the same bytes.
type store struct{ stub shim.StateStub }

func (s store) get(key string) ([]byte, error) {
	b, err := s.stub.GetState(key)
	if err != nil {
		return nil, protocol.Errorf("REG-13", protocol.CodeInternal, "read %s: %w", key, err)
	}
	return b, nil
}

func (s store) put(key string, value []byte) error {
	if err := s.stub.PutState(key, value); err != nil {
		return protocol.Errorf("REG-13", protocol.CodeInternal, "write %s: %w", key, err)
	}
	return nil
}

// several reads keys, with one request where the peer takes such.
func (s store) several(keys ...string) ([][]byte, error) {
	values, err := s.stub.GetMultipleStates(keys...)
	if err == nil && len(values) != len(keys) {
		err = fmt.Errorf("%d values for %d keys", len(values), len(keys))
	}
	if err != nil {
		return nil, protocol.Errorf("REG-13", protocol.CodeInternal, "read %q: %w", keys, err)
	}
	return values, nil
}

// message reads a message and tells whether there was one.
func (s store) message(key string, m proto.Message) (bool, error) {
	b, err := s.get(key)
	if err != nil || len(b) == 0 {
		return false, err
	}
	return true, decode(key, b, m)
}

// decode reads what stood under a key.
func decode(key string, b []byte, m proto.Message) error {
	if err := proto.Unmarshal(b, m); err != nil {
		return protocol.Errorf("REG-13", protocol.CodeInternal, "stored %s does not decode: %w", key, err)
	}
	return nil
}

func (s store) putMessage(key string, m proto.Message) error {
	b, err := marshal(m)
	if err != nil {
		return err
	}
	return s.put(key, b)
}

// policy returns the stored policy's bytes, nil if there is none.
func (s store) policy() ([]byte, error) {
	b, err := s.get(protocol.PolicyKey)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	return protocol.ParseStoredPolicy("LC-5", b)
}

func (s store) putPolicy(b []byte) error {
	return s.put(protocol.PolicyKey, protocol.StoredPolicy(b))
}

func (s store) manifest(cc, version string) ([]byte, error) {
	return s.get(manifestPrefix + cc + "/" + version)
}

func (s store) putManifest(cc, version string, b []byte) error {
	return s.put(manifestPrefix+cc+"/"+version, b)
}

// credentials returns an enclave's credentials, nil if it is not registered.
// They are returned for revoked enclaves too.
func (s store) credentials(cc, enclave string) (*fpc.Credentials, error) {
	m := &fpc.Credentials{}
	found, err := s.message(protocol.CredentialsKey(cc, enclave), m)
	if !found {
		return nil, err
	}
	return m, nil
}

func (s store) putCredentials(cc, enclave string, m *fpc.Credentials) error {
	return s.putMessage(protocol.CredentialsKey(cc, enclave), m)
}

func (s store) revoked(cc, enclave string) (bool, error) {
	b, err := s.get(protocol.RevokedKey(cc, enclave))
	return len(b) != 0, err
}

func (s store) putRevoked(cc, enclave, why string) error {
	return s.put(protocol.RevokedKey(cc, enclave), []byte(why))
}

func (s store) approved(cc, enclave, mspID string) (bool, error) {
	b, err := s.get(approvalPrefix + cc + "/" + enclave + "/" + mspID)
	return len(b) != 0, err
}

func (s store) putApproval(cc, enclave, mspID string) error {
	return s.put(approvalPrefix+cc+"/"+enclave+"/"+mspID, []byte("approved"))
}

// key returns the chaincode's registered key, nil if there is none.
func (s store) key(cc string) (*fpc.ChaincodeKey, error) {
	m := &fpc.ChaincodeKey{}
	found, err := s.message(protocol.ChaincodeKeyKey(cc), m)
	if !found {
		return nil, err
	}
	return m, nil
}

func (s store) putKey(cc string, m *fpc.ChaincodeKey) error {
	return s.putMessage(protocol.ChaincodeKeyKey(cc), m)
}

// provisioned returns an enclave's key registration, nil if it has none.
func (s store) provisioned(cc, enclave string) (*fpc.Signed, error) {
	m := &fpc.Signed{}
	found, err := s.message(protocol.ProvisionedKey(cc, enclave), m)
	if !found {
		return nil, err
	}
	return m, nil
}

func (s store) putProvisioned(cc, enclave string, m *fpc.Signed) error {
	return s.putMessage(protocol.ProvisionedKey(cc, enclave), m)
}

// exported returns the key export to an enclave, empty if there is none.
func (s store) exported(cc, receiver string) ([]byte, error) {
	return s.get(protocol.ExportedKey(cc, receiver))
}

func (s store) putExported(cc, receiver string, m *fpc.Signed) error {
	return s.putMessage(protocol.ExportedKey(cc, receiver), m)
}

// enclave fills in all that is known of an enclave: each validation asks for it,
// so it is one request to the peer.
func (s store) enclave(cc, enclave string, view *fpc.ValidationView) error {
	keys := []string{
		protocol.CredentialsKey(cc, enclave), protocol.ProvisionedKey(cc, enclave),
		protocol.ChaincodeKeyKey(cc), protocol.RevokedKey(cc, enclave),
	}
	values, err := s.several(keys...)
	if err != nil {
		return err
	}
	if len(values[0]) != 0 {
		view.Credentials = &fpc.Credentials{}
		err = errors.Join(err, decode(keys[0], values[0], view.Credentials))
	}
	if len(values[1]) != 0 {
		view.Provisioned = &fpc.Signed{}
		err = errors.Join(err, decode(keys[1], values[1], view.Provisioned))
	}
	if len(values[2]) != 0 {
		view.ChaincodeKey = &fpc.ChaincodeKey{}
		err = errors.Join(err, decode(keys[2], values[2], view.ChaincodeKey))
	}
	view.Revoked = len(values[3]) != 0
	return err
}

// each visits the rows whose keys are a prefix, which ends with a slash, and an
// enclave id, in the order of enclave ids.
func (s store) each(start string, visit func(enclave string, value []byte) error) error {
	rows, err := s.stub.GetStateByRange(start, start[:len(start)-1]+"0") // '0' follows '/'
	if err != nil {
		return protocol.Errorf("INV-5", protocol.CodeInternal, "read %s: %w", start, err)
	}
	defer rows.Close()
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return protocol.Errorf("INV-5", protocol.CodeInternal, "read %s: %w", start, err)
		}
		if err := visit(row.GetKey()[len(start):], row.GetValue()); err != nil {
			return err
		}
	}
	return nil
}

// marshal serialises a message so that all peers come to the same bytes.
func marshal(m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, protocol.Errorf("REG-13", protocol.CodeInternal, "encode: %w", err)
	}
	return b, nil
}
