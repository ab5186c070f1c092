// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import (
	"bytes"
	"encoding/binary"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// StateKey takes the chaincode's state key out of the sealed state, as whoever
// launches a simulated enclave can: simulation is not security.
func (w *World) StateKey() keys.StateKey {
	w.T.Helper()
	platform, err := guest.New(append(bytes.Clone(w.HostSecret), w.CodeID[:]...))
	w.check(err)
	sealed, state := &fpc.SealedState{}, &fpc.EnclaveState{}
	w.check(proto.Unmarshal(w.Sealed, sealed))
	aad := keys.Encode("state", binary.BigEndian.AppendUint32(nil, sealed.GetVersion()),
		[]byte(sealed.GetPlatform()), []byte(sealed.GetCodeId()), []byte(sealed.GetEnclaveId()), sealed.GetCheck())
	plain, err := platform.SealingKey().Open(keys.LabelSealedState, aad, sealed.GetSealed())
	w.check(err)
	w.check(proto.Unmarshal(plain, state))
	key, err := keys.ParseStateKey(state.GetKeySets()[0].GetStateKey())
	w.check(err)
	return key
}
