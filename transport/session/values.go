// SPDX-License-Identifier: Apache-2.0

package session

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Roles in what evidence covers: evidence of one side never serves the other.
const (
	roleEnclave = "enclave"
	roleLedger  = "ledger"
)

// helloStatement is what a chaincode enclave's evidence covers.
func helloStatement(share []byte, v *fpc.SessionValues) [64]byte {
	return sha512.Sum512(keys.Encode(keys.LabelSession, append([][]byte{[]byte(roleEnclave), share}, fields(v)...)...))
}

// acceptStatement is what the ledger enclave's evidence covers.
func acceptStatement(hello, share []byte, v *fpc.SessionValues) [64]byte {
	hash := sha256.Sum256(hello)
	return sha512.Sum512(keys.Encode(keys.LabelSession, append([][]byte{[]byte(roleLedger), hash[:], share}, fields(v)...)...))
}

// fields are the values in the order in which evidence covers them.
func fields(v *fpc.SessionValues) [][]byte {
	return [][]byte{
		[]byte(v.GetChannelId()), v.GetChannelHash(), []byte(v.GetChaincodeId()), []byte(v.GetEnclaveId()), []byte(v.GetRegistry()),
		[]byte(v.GetLedgerCodeId()), v.GetLedgerInstanceId(), []byte(v.GetStateDatabase()),
	}
}

// checkAsked checks the form of the values in a hello: what both sides know
// stands there, and what only the ledger enclave knows does not.
func checkAsked(v *fpc.SessionValues) error {
	for _, named := range []struct{ what, value string }{
		{"channel", v.GetChannelId()},
		{"chaincode", v.GetChaincodeId()},
		{"enclave", v.GetEnclaveId()},
		{"registry", v.GetRegistry()},
	} {
		if len(named.value) == 0 || len(named.value) > maxValue {
			return protocol.Errorf(Step, protocol.CodeMalformed, "the %s's name has %d bytes, want 1 to %d", named.what, len(named.value), maxValue)
		}
	}
	if n := len(v.GetChannelHash()); n != hashSize {
		return protocol.Errorf(Step, protocol.CodeMalformed, "Channel_hash has %d bytes, want %d", n, hashSize)
	}
	if v.GetLedgerCodeId() != "" || len(v.GetLedgerInstanceId()) != 0 || v.GetStateDatabase() != "" {
		return protocol.Errorf(Step, protocol.CodeMalformed, "a hello says of the ledger enclave what only that knows")
	}
	return nil
}

// checkOwn checks the form of what the ledger enclave adds.
func checkOwn(v *fpc.SessionValues) error {
	switch {
	case len(v.GetLedgerCodeId()) == 0 || len(v.GetLedgerCodeId()) > maxValue:
		return protocol.Errorf(Step, protocol.CodeMalformed, "the ledger enclave's code id has %d bytes, want 1 to %d", len(v.GetLedgerCodeId()), maxValue)
	case len(v.GetLedgerInstanceId()) != hashSize:
		return protocol.Errorf(Step, protocol.CodeMalformed, "the ledger enclave's instance id has %d bytes, want %d", len(v.GetLedgerInstanceId()), hashSize)
	case v.GetStateDatabase() != "leveldb" && v.GetStateDatabase() != "couchdb":
		return protocol.Errorf(Step, protocol.CodeMalformed, "the ledger enclave's state database is neither leveldb nor couchdb")
	}
	return nil
}

// checkSame refuses values of another channel, chaincode, enclave or registry.
func checkSame(got, want *fpc.SessionValues) error {
	switch {
	case !bytes.Equal(got.GetChannelHash(), want.GetChannelHash()) || got.GetChannelId() != want.GetChannelId():
		return protocol.Errorf(Step, protocol.CodeWrongChannel, "the other side follows channel %.40q with Channel_hash %x, want %q with %x",
			got.GetChannelId(), got.GetChannelHash(), want.GetChannelId(), want.GetChannelHash())
	case got.GetRegistry() != want.GetRegistry():
		return protocol.Errorf(Step, CodeValues, "the other side's registry is %.40q, want %q", got.GetRegistry(), want.GetRegistry())
	case got.GetChaincodeId() != want.GetChaincodeId():
		return protocol.Errorf(Step, protocol.CodeWrongChaincode, "the session was made for chaincode %.40q, want %q", got.GetChaincodeId(), want.GetChaincodeId())
	case got.GetEnclaveId() != want.GetEnclaveId():
		return protocol.Errorf(Step, protocol.CodeWrongEnclave, "the session was made for enclave %.80q, want %q", got.GetEnclaveId(), want.GetEnclaveId())
	}
	return nil
}

// decode reads a message of the handshake.
func decode(b []byte, m proto.Message, what string) error {
	if len(b) > maxHandshake {
		return protocol.Errorf(Step, protocol.CodeTooLarge, "the %s has %d bytes, at most %d are read", what, len(b), maxHandshake)
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return protocol.Errorf(Step, protocol.CodeMalformed, "the %s does not decode", what)
	}
	return nil
}
