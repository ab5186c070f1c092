// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// codeNoRegistry: ERCC did not answer as ERCC does.
const codeNoRegistry protocol.Code = "no_registry"

// askRegistry queries this peer's ERCC in the running transaction.
func (s *Stub) askRegistry(c call, step string, args [][]byte, into proto.Message) error {
	answer := c.peer.InvokeChaincode(s.config.ERCC, args, "")
	if answer.GetStatus() != 200 {
		if refused, ok := protocol.ParseError(answer.GetMessage()); ok {
			return refused
		}
		return protocol.Errorf(step, codeNoRegistry, "the registry %q did not answer: %s", s.config.ERCC, answer.GetMessage()).
			WithHint("install ERCC on every peer that endorses or validates")
	}
	if err := proto.Unmarshal(answer.GetPayload(), into); err != nil {
		return protocol.Errorf(step, codeNoRegistry, "the registry's answer does not decode: %w", err)
	}
	return nil
}

// registeredKey returns the chaincode's registered key, empty if there is none.
func (s *Stub) registeredKey(c call) (*fpc.ChaincodeKey, error) {
	key := &fpc.ChaincodeKey{}
	err := s.askRegistry(c, "KEY-1", protocol.ChaincodeArgs(protocol.FuncQueryChaincodeEncryptionKey, s.config.Chaincode), key)
	if protocol.CodeOf(err) == protocol.CodeNotFound {
		return &fpc.ChaincodeKey{}, nil
	}
	return key, err
}

// checkRegistered demands that ERCC knows the enclave. Called with admin held.
func (s *Stub) checkRegistered(c call) error {
	credentials, err := protocol.CredentialsFromPB("REG-15", s.state.GetCredentials())
	if err != nil {
		return err
	}
	args := protocol.EnclaveArgs(protocol.FuncQueryEnclaveCredentials, s.config.Chaincode, credentials.EnclaveID())
	return s.askRegistry(c, "REG-15", args, &fpc.Credentials{})
}
