// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"bytes"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// maxCredentials bounds what one enclave's credentials may hold, evidence with its
// collateral included, in bytes: every client reads all of a chaincode's
// enclaves, so one registrant must not make that too much for them (attack 18).
const maxCredentials = 256 << 10

// registerEnclave registers an enclave (REG-11 to REG-13), or replaces the
// credentials of one that attests anew (REG-15). Arguments: Credentials, the code
// manifest whose hash is the definition's version and, in Full mode, the
// organisations' roots, under which the certificate is verified. It returns the
// enclave id. No clock floor is kept: a timestamp, however far ahead, leaves
// nothing behind (attack 30).
//
// Codes: those of REG-12, and too_large, revoked, already_registered, not_registered,
// wrong_enclave, stale_refresh, not_certified, wrong_certificate.
func (t *tx) registerEnclave(args [][]byte) ([]byte, error) {
	given, err := protocol.ParseRegisterEnclave(args)
	if err != nil {
		return nil, err
	}
	if n := len(given.Credentials); n > maxCredentials {
		return nil, protocol.Errorf("REG-11", protocol.CodeTooLarge, "credentials of %d bytes, at most %d are kept", n, maxCredentials)
	}
	stored := &fpc.Credentials{}
	if err := protocol.Unmarshal("REG-11", "credentials", given.Credentials, stored); err != nil {
		return nil, err
	}
	t.record("REG-12", "ercc", "verify credentials")
	r, err := t.verifyRegistration(stored, given.Manifest)
	if err != nil {
		return nil, err
	}
	cc, id := r.definition.Name, r.EnclaveID()
	former, err := t.mayEnter(r)
	if err != nil {
		return nil, err
	}
	if stored.Certificate, err = certificate(r, stored.GetCertificate(), former.GetCertificate(), given.Roots); err != nil {
		return nil, err
	}
	t.record("REG-13", "ercc", "put credentials")
	if err := t.store.putCredentials(cc, id, stored); err != nil {
		return nil, err
	}
	if err := t.store.putManifest(cc, r.definition.GetVersion(), given.Manifest); err != nil {
		return nil, err
	}
	return []byte(id), nil
}

// certificate returns the certificate that is kept (REG-12): none in Lite mode; in
// Full mode the one given or, where an enclave attests anew without one, its
// former one. It is verified either way: the policy's roots may have changed.
func certificate(r *verified, given, former, roots []byte) ([]byte, error) {
	const step = "REG-12"
	if r.Mode == protocol.ModeLite {
		return nil, nil
	}
	if len(given) == 0 {
		given = former
	}
	if len(given) == 0 {
		return nil, protocol.Errorf(step, protocol.CodeNotCertified, "the credentials of enclave %.12s have no certificate", r.EnclaveID())
	}
	return given, r.CheckCertificate(step, given, roots)
}

// mayEnter holds a verified enclave against what the registry knows of it, and
// returns the credentials that it replaces, nil if there are none.
func (t *tx) mayEnter(r *verified) (*fpc.Credentials, error) {
	const step = "REG-13"
	cc, id := r.definition.Name, r.EnclaveID()
	revoked, err := t.store.revoked(cc, id)
	if err != nil {
		return nil, err
	}
	if revoked {
		return nil, protocol.Errorf(step, protocol.CodeRevoked, "enclave %.12s is revoked, for ever", id)
	}
	known, err := t.store.credentials(cc, id)
	if err != nil {
		return nil, err
	}
	if r.Data.GetOnCreation() {
		if known != nil {
			return nil, protocol.Errorf(step, protocol.CodeAlreadyRegistered, "enclave %.12s is registered", id)
		}
		return nil, nil
	}
	t.record("REG-15", "admin", "refresh credentials")
	if known == nil {
		return nil, protocol.Errorf("REG-15", protocol.CodeNotRegistered, "enclave %.12s is refreshed before it was registered", id)
	}
	return known, mayReplace(r.Credentials, known)
}

// codeStaleRefresh: attested under an older channel configuration than the
// credentials that it would replace.
const codeStaleRefresh protocol.Code = "stale_refresh"

// mayReplace demands the same enclave, keys and organisation, and no step back
// in the channel's configuration.
func mayReplace(fresh *protocol.Credentials, stored *fpc.Credentials) error {
	const step = "REG-15"
	former, err := protocol.CredentialsFromPB(step, stored)
	if err != nil {
		return err
	}
	if !bytes.Equal(fresh.EnclaveEK.ID(), former.EnclaveEK.ID()) || fresh.Data.GetHostParams().GetMspId() != former.Data.GetHostParams().GetMspId() {
		return protocol.Errorf(step, protocol.CodeWrongEnclave, "enclave %.12s comes back with another Enclave_EK or organisation", fresh.EnclaveID())
	}
	if now, before := fresh.Data.GetConfigSequence(), former.Data.GetConfigSequence(); now < before {
		return protocol.Errorf(step, codeStaleRefresh, "attested at channel configuration %d, registered at %d", now, before).
			WithHint("refresh the enclave with the channel's newest configuration block")
	}
	return nil
}
