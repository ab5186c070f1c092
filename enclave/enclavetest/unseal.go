// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclavetest

import (
	"bytes"
	"encoding/binary"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// Unseal opens an enclave's sealed state, as whoever launches a simulated enclave
// can: simulation is not security.
func Unseal(platform *guest.Platform, b []byte) (*fpc.EnclaveState, error) {
	sealed, state := &fpc.SealedState{}, &fpc.EnclaveState{}
	if err := proto.Unmarshal(b, sealed); err != nil {
		return nil, err
	}
	aad := keys.Encode("state", binary.BigEndian.AppendUint32(nil, sealed.GetVersion()),
		[]byte(sealed.GetPlatform()), []byte(sealed.GetCodeId()), []byte(sealed.GetEnclaveId()), sealed.GetCheck())
	plain, err := platform.SealingKey().Open(keys.LabelSealedState, aad, sealed.GetSealed())
	return state, errors.Join(err, proto.Unmarshal(plain, state))
}

// StateKey takes the chaincode's state key out of the sealed state.
func (w *World) StateKey() keys.StateKey {
	w.T.Helper()
	platform, err := guest.New(append(bytes.Clone(w.HostSecret), w.CodeID[:]...))
	w.check(err)
	state, err := Unseal(platform, w.Sealed)
	w.check(err)
	key, err := keys.ParseStateKey(state.GetKeySets()[0].GetStateKey())
	w.check(err)
	return key
}
