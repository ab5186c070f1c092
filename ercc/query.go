// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// queryChaincodeEncryptionKey returns ChaincodeKey (INV-2). Argument: chaincode
// name. Code: not_found.
func (t *tx) queryChaincodeEncryptionKey(args [][]byte) ([]byte, error) {
	cc, err := oneChaincode("INV-2", protocol.FuncQueryChaincodeEncryptionKey, args)
	if err != nil {
		return nil, err
	}
	key, err := t.store.key(cc)
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, protocol.Errorf("INV-2", protocol.CodeNotFound, "chaincode %s has no registered key", cc).
			WithHint("register an enclave and its keys: fpc lifecycle chaincode initenclave")
	}
	return marshal(key)
}

// queryListEnclaveCredentials returns CredentialsList (INV-5, KEY-4): registered
// and not revoked, by enclave id. Argument: chaincode name.
func (t *tx) queryListEnclaveCredentials(args [][]byte) ([]byte, error) {
	cc, err := oneChaincode("INV-5", protocol.FuncQueryListEnclaveCredentials, args)
	if err != nil {
		return nil, err
	}
	revoked, err := t.revokedSet(cc)
	if err != nil {
		return nil, err
	}
	list := &fpc.CredentialsList{}
	err = each(t.store, protocol.CredentialsPrefix(cc), func(id string, c *fpc.Credentials) {
		if !revoked[id] {
			list.Credentials = append(list.Credentials, c)
		}
	})
	if err != nil {
		return nil, err
	}
	return marshal(list)
}

// queryListProvisionedEnclaves returns ProvisionedList: the key registrations of
// enclaves that are not revoked, by enclave id. Argument: chaincode name.
func (t *tx) queryListProvisionedEnclaves(args [][]byte) ([]byte, error) {
	cc, err := oneChaincode("INV-5", protocol.FuncQueryListProvisionedEnclaves, args)
	if err != nil {
		return nil, err
	}
	revoked, err := t.revokedSet(cc)
	if err != nil {
		return nil, err
	}
	list := &fpc.ProvisionedList{}
	err = each(t.store, protocol.ProvisionedPrefix(cc), func(id string, r *fpc.Signed) {
		if !revoked[id] {
			list.Provisioned = append(list.Provisioned, r)
		}
	})
	if err != nil {
		return nil, err
	}
	return marshal(list)
}

// queryEnclaveCredentials returns the Credentials of one enclave. Arguments:
// chaincode name, enclave id. Codes: not_registered, revoked.
func (t *tx) queryEnclaveCredentials(args [][]byte) ([]byte, error) {
	cc, id, err := oneEnclave("INV-5", protocol.FuncQueryEnclaveCredentials, args)
	if err != nil {
		return nil, err
	}
	if _, err := t.registered("INV-5", cc, id); err != nil {
		return nil, err
	}
	c, err := t.store.credentials(cc, id)
	if err != nil {
		return nil, err
	}
	return marshal(c)
}

// revokedSet returns the ids of a chaincode's revoked enclaves.
func (t *tx) revokedSet(cc string) (map[string]bool, error) {
	set := map[string]bool{}
	err := t.store.each(protocol.RevokedPrefix(cc), func(id string, _ []byte) error {
		set[id] = true
		return nil
	})
	return set, err
}

// each visits a chaincode's messages under a prefix, by enclave id.
func each[M any, P interface {
	*M
	proto.Message
}](s store, prefix string, visit func(enclave string, m P),
) error {
	return s.each(prefix, func(id string, value []byte) error {
		m := P(new(M))
		if err := proto.Unmarshal(value, m); err != nil {
			return protocol.Errorf("INV-5", protocol.CodeInternal, "stored %s%s does not decode: %w", prefix, id, err)
		}
		visit(id, m)
		return nil
	})
}
