// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package ercc_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// full is a registry whose chaincode is of Full mode.
func full(t testing.TB) *registry {
	t.Helper()
	r := newRegistry(t)
	b := r.Full()
	scene.Accepted(t, r.submit(r.admin(scene.Org1), [][]byte{[]byte(protocol.FuncSetPolicy), b}))
	return r
}

// enters registers an enclave of Full mode.
func (r *registry) enters(org string) *scene.Enclave {
	r.T.Helper()
	e := r.NewEnclave(org).Full()
	scene.Accepted(r.T, r.register(r.admin(org), e.Credentials()))
	return e
}

// generates has an enclave of the designated organisation make the keys.
func (r *registry) generates() *scene.Enclave {
	r.T.Helper()
	e := r.enters(scene.Org1)
	scene.Accepted(r.T, r.registerKeys(r.admin(scene.Org1), e.KeyRegistration()))
	return e
}

func (r *registry) export(export *fpc.Signed) [][]byte {
	r.T.Helper()
	args, err := protocol.PutKeyExportArgs(export)
	if err != nil {
		r.T.Fatal(err)
	}
	return args
}

func TestFullEnclaveIsRegisteredWithItsCertificate(t *testing.T) {
	r := full(t)
	e := r.enters(scene.Org2)
	stored := &fpc.Credentials{}
	query(r, stored, protocol.FuncQueryEnclaveCredentials, scene.Chaincode, e.ID())
	if !bytes.Equal(stored.GetCertificate(), e.Certificate) {
		t.Errorf("stored certificate: got %q, want %q", stored.GetCertificate(), e.Certificate)
	}
}

// A refresh need not bring the certificate again; one that it brings is verified.
func TestFullRefreshKeepsTheCertificate(t *testing.T) {
	r := full(t)
	e := r.enters(scene.Org2)
	certificate := e.Certificate
	e.Data.OnCreation, e.Certificate = false, nil
	scene.Accepted(t, r.register(r.admin(scene.Org2), e.Credentials()))
	stored := &fpc.Credentials{}
	query(r, stored, protocol.FuncQueryEnclaveCredentials, scene.Chaincode, e.ID())
	if !bytes.Equal(stored.GetCertificate(), certificate) {
		t.Errorf("certificate after the refresh: got %q, want %q", stored.GetCertificate(), certificate)
	}
	e.Certificate = e.Certify(scene.Org2, fpctest.RolePeer, e.Unit())
	before := r.state()
	scene.Code(t, r.register(r.admin(scene.Org2), e.Credentials()), protocol.CodeWrongCertificate)
	r.unchanged(before)
}

// TestAttack12FullRegisterRefusals: what Full mode adds to REG-12.
func TestAttack12FullRegisterRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		lie   func(r *registry, e *scene.Enclave)
		roots func(r *registry) []byte
		want  protocol.Code
	}{
		"enclave of Lite mode": {lie: func(_ *registry, e *scene.Enclave) { e.Data.LedgerCodeId = "" }, want: protocol.CodeWrongMode},
		"enclave of Full mode for a Lite definition": {lie: func(r *registry, _ *scene.Enclave) {
			r.Lifecycle.Commit(scene.Chaincode, r.Version())
		}, want: protocol.CodeWrongMode},
		"policy that peers can satisfy": {lie: func(r *registry, e *scene.Enclave) {
			r.Lifecycle.CommitWith(scene.Chaincode, r.Version(), mixedPolicy(t, e))
		}, want: protocol.CodeBadEnclavePolicy},
		"ledger enclave that nobody approved": {lie: func(_ *registry, e *scene.Enclave) {
			e.Data.LedgerCodeId = protocol.ManifestEntry("sim", string(bytes.Repeat([]byte("2e"), 32)))
		}, want: protocol.CodeWrongLedger},
		"ledger enclave below the TCB level": {lie: func(_ *registry, e *scene.Enclave) { e.Data.LedgerTcb = 1 }, want: protocol.CodeWrongLedger},
		"ledger enclave in debug mode":       {lie: func(_ *registry, e *scene.Enclave) { e.Data.LedgerDebug = true }, want: protocol.CodeWrongLedger},
		"unknown state database":             {lie: func(_ *registry, e *scene.Enclave) { e.Data.StateDatabase = "paper" }, want: protocol.CodeWrongLedger},
		"registrations of another chaincode": {lie: func(_ *registry, e *scene.Enclave) { e.Data.Registry = "mine" }, want: "wrong_registry"},
		"no certificate":                     {lie: func(_ *registry, e *scene.Enclave) { e.Certificate = nil }, want: protocol.CodeNotCertified},
		"certificate that does not decode":   {lie: func(_ *registry, e *scene.Enclave) { e.Certificate = []byte("x") }, want: protocol.CodeMalformed},
		"certificate over another key": {lie: func(r *registry, e *scene.Enclave) {
			e.Certificate = r.NewEnclave(scene.Org1).Full().Certificate
		}, want: protocol.CodeWrongEnclave},
		"certificate of another organisation": {lie: func(_ *registry, e *scene.Enclave) {
			e.Certificate = e.Certify(scene.Org2, fpctest.RoleClient, e.Unit())
		}, want: protocol.CodeWrongCertificate},
		"certificate without the unit": {lie: func(_ *registry, e *scene.Enclave) {
			e.Certificate = e.Certify(scene.Org1, fpctest.RoleClient)
		}, want: protocol.CodeWrongCertificate},
		"certificate with the unit of another chaincode": {lie: func(_ *registry, e *scene.Enclave) {
			e.Certificate = e.Certify(scene.Org1, fpctest.RoleClient, protocol.EnclaveOU(e.Data.GetChannelHash(), "other", e.Data.GetCcParams().GetVersion()))
		}, want: protocol.CodeWrongCertificate},
		"certificate with the unit of another version too": {lie: func(_ *registry, e *scene.Enclave) {
			e.Certificate = e.Certify(scene.Org1, fpctest.RoleClient, e.Unit(), protocol.EnclaveOU(e.Data.GetChannelHash(), e.Data.GetCcParams().GetChaincodeId(), "fpc-2"))
		}, want: protocol.CodeWrongCertificate},
		"certificate of a peer": {lie: func(_ *registry, e *scene.Enclave) {
			e.Certificate = e.Certify(scene.Org1, fpctest.RolePeer, e.Unit())
		}, want: protocol.CodeWrongCertificate},
		"certificate with two roles": {lie: func(_ *registry, e *scene.Enclave) {
			e.Certificate = e.Certify(scene.Org1, fpctest.RoleClient, fpctest.RoleAdmin, e.Unit())
		}, want: protocol.CodeWrongCertificate},
		"roots left out": {roots: func(*registry) []byte { return nil }, want: protocol.CodeMalformed},
		"other roots": {roots: func(*registry) []byte {
			return scene.New(t).CertificateRoots()
		}, want: protocol.CodeWrongMSP},
	} {
		t.Run(name, func(t *testing.T) {
			r := full(t)
			e := r.NewEnclave(scene.Org1).Full()
			if test.lie != nil {
				test.lie(r, e)
			}
			if test.roots != nil {
				r.Roots = test.roots(r)
			}
			credentials := e.Credentials()
			before := r.state()
			scene.Code(t, r.register(r.admin(scene.Org1), credentials), test.want)
			r.unchanged(before)
		})
	}
}

// mixedPolicy is an enclave policy of which another version made one half.
func mixedPolicy(t *testing.T, e *scene.Enclave) []byte {
	t.Helper()
	b, err := protocol.CompileEnclavePolicy("OR('Org1MSP.enclave')", e.Data.GetChannelHash(), scene.Chaincode, "fpc-other",
		func(string) ([]byte, error) { return []byte("CA"), nil })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// KEY-5 to KEY-7 at ERCC: the export is kept as it was signed, and the importer
// registers the registered key for itself, at any organisation.
func TestKeysAreExportedAndImported(t *testing.T) {
	r := full(t)
	sender, receiver := r.generates(), r.enters(scene.Org2)
	export := sender.Export(receiver.ID())
	scene.Accepted(t, r.submit(r.admin(scene.Org1), r.export(export)))
	got := &fpc.Signed{}
	query(r, got, protocol.FuncGetKeyExport, scene.Chaincode, receiver.ID())
	if !proto.Equal(got, export) {
		t.Errorf("export: got %v, want %v", got, export)
	}
	view := &fpc.RegistryView{}
	query(r, view, protocol.FuncQueryRegistryView, scene.Chaincode)
	if x := view.GetExported(); len(x) != 1 || !proto.Equal(x[0], export) {
		t.Errorf("exports in the client's view: got %v, want %v", x, export)
	}
	receiver.Key = sender.Key
	registration := receiver.KeyRegistration()
	scene.Accepted(t, r.registerKeys(r.admin(scene.Org2), registration))
	list := &fpc.ProvisionedList{}
	query(r, list, protocol.FuncQueryListProvisionedEnclaves, scene.Chaincode)
	if len(list.GetProvisioned()) != 2 {
		t.Errorf("provisioned enclaves: got %d, want 2", len(list.GetProvisioned()))
	}
	key := &fpc.ChaincodeKey{}
	query(r, key, protocol.FuncQueryChaincodeEncryptionKey, scene.Chaincode)
	if proto.Equal(key.GetRegistration(), registration) {
		t.Errorf("an import replaced the registration that set the key")
	}
}

// TestAttack14KeyExportRefusals: keys go only from who holds them to who may.
func TestAttack14KeyExportRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		export func(r *registry, sender *scene.Enclave) *fpc.Signed
		caller func(r *registry) []byte
		want   protocol.Code
	}{
		"to an enclave that nobody registered": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			return sender.Export(r.NewEnclave(scene.Org2).Full().ID())
		}, want: protocol.CodeNotRegistered},
		"to a revoked enclave": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			receiver := r.enters(scene.Org2)
			for _, org := range []string{scene.Org1, scene.Org3} {
				scene.Accepted(r.T, r.revoke(r.admin(org), receiver.ID()))
			}
			return sender.Export(receiver.ID())
		}, want: protocol.CodeRevoked},
		"to an enclave that holds keys": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			receiver := r.enters(scene.Org2)
			receiver.Key = sender.Key
			scene.Accepted(r.T, r.registerKeys(r.admin(scene.Org2), receiver.KeyRegistration()))
			return sender.Export(receiver.ID())
		}, want: protocol.CodeAlreadyProvisioned},
		"to itself": {export: func(_ *registry, sender *scene.Enclave) *fpc.Signed {
			return sender.Export(sender.ID())
		}, want: protocol.CodeMalformed},
		"from an enclave without keys": {export: func(r *registry, _ *scene.Enclave) *fpc.Signed {
			return r.enters(scene.Org3).Export(r.enters(scene.Org2).ID())
		}, want: protocol.CodeNotProvisioned},
		"of another key set": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			sender.Key = r.NewEnclave(scene.Org1).Key
			return sender.Export(r.enters(scene.Org2).ID())
		}, want: protocol.CodeUnknownKey},
		"of another generation": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			sender.Generation = 2
			return sender.Export(r.enters(scene.Org2).ID())
		}, want: protocol.CodeWrongGeneration},
		"of another version": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			sender.Data.CcParams.Version = "fpc-former"
			return sender.Export(r.enters(scene.Org2).ID())
		}, want: protocol.CodeWrongVersion},
		"of another network": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			sender.Data.ChannelHash = bytes.Repeat([]byte{1}, 32)
			return sender.Export(r.enters(scene.Org2).ID())
		}, want: protocol.CodeWrongChannel},
		"once held below the policy": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			sender.Lineage = protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 3, Debug: true})
			return sender.Export(r.enters(scene.Org2).ID())
		}, want: protocol.CodeLineage},
		"signed by another enclave": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			export, other := sender.Export(r.enters(scene.Org2).ID()), r.NewEnclave(scene.Org1).Full()
			export.Signature = other.Export("x").GetSignature()
			return export
		}, want: protocol.CodeBadSignature},
		"brought by a client": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			return sender.Export(r.enters(scene.Org2).ID())
		}, caller: func(r *registry) []byte { return r.Orgs[scene.Org1].Client().Creator() }, want: protocol.CodeNotAdmin},
		"brought by an administrator of another channel": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			return sender.Export(r.enters(scene.Org2).ID())
		}, caller: func(r *registry) []byte { return fpctest.NewOrg(r.T, "Org9MSP").Admin().Creator() }, want: protocol.CodeForeignCaller},
		"when the policy became one of hardware": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			receiver := r.enters(scene.Org2)
			policy := r.FullPolicy()
			policy.Attestation.Platforms = map[string]protocol.PlatformPolicy{"sevsnp": {}}
			r.setPolicy(policy)
			return sender.Export(receiver.ID())
		}, want: attest.CodePlatform},
		"with a lineage that leaves the receiver out": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			receiver := r.enters(scene.Org2)
			policy := r.FullPolicy()
			policy.Attestation.Platforms["tdx"] = protocol.PlatformPolicy{}
			r.setPolicy(policy)
			sender.Lineage = protocol.NewLineage(protocol.Custody{Platform: "tdx", TCB: 3})
			return sender.Export(receiver.ID())
		}, want: protocol.CodeLineage},
		"to an enclave whose ledger enclave is approved no more": {export: func(r *registry, sender *scene.Enclave) *fpc.Signed {
			receiver := r.enters(scene.Org2)
			policy := r.FullPolicy()
			policy.LedgerCodeIDs = []string{protocol.ManifestEntry("sim", strings.Repeat("2e", 32))}
			r.setPolicy(policy)
			return sender.Export(receiver.ID())
		}, want: protocol.CodeWrongLedger},
	} {
		t.Run(name, func(t *testing.T) {
			r := full(t)
			export := test.export(r, r.generates())
			caller := r.admin(scene.Org1)
			if test.caller != nil {
				caller = test.caller(r)
			}
			before := r.state()
			scene.Code(t, r.submit(caller, r.export(export)), test.want)
			r.unchanged(before)
		})
	}
}

// There is no export in Lite.
func TestAttack14NoExportInLite(t *testing.T) {
	r := withPolicy(t)
	sender, receiver := r.provisioned(), r.NewEnclave(scene.Org2)
	scene.Accepted(t, r.register(r.admin(scene.Org2), receiver.Credentials()))
	before := r.state()
	scene.Code(t, r.submit(r.admin(scene.Org1), r.export(sender.Export(receiver.ID()))), protocol.CodeWrongMode)
	r.unchanged(before)
}

// TestAttack27FullImportRefusals: an import registers the registered key, and
// nothing else.
func TestAttack27FullImportRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		lie    func(r *registry, sender, receiver *scene.Enclave)
		caller func(r *registry) []byte
		want   protocol.Code
	}{
		"a key of its own": {lie: func(r *registry, _, receiver *scene.Enclave) {
			receiver.Key = r.NewEnclave(scene.Org2).Key
		}, want: protocol.CodeNotDesignated},
		"a lineage that hides where the keys were": {lie: func(_ *registry, _, receiver *scene.Enclave) {
			receiver.Lineage = protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 4})
		}, want: protocol.CodeLineage},
		"another generation": {lie: func(_ *registry, _, receiver *scene.Enclave) { receiver.Generation = 2 }, want: protocol.CodeNotDesignated},
		"a client, not an admin": {caller: func(r *registry) []byte {
			return r.Orgs[scene.Org2].Client().Creator()
		}, want: protocol.CodeNotAdmin},
		"another organisation's admin": {caller: func(r *registry) []byte { return r.admin(scene.Org3) }, want: protocol.CodeForeignCaller},
	} {
		t.Run(name, func(t *testing.T) {
			r := full(t)
			sender, receiver := r.generates(), r.enters(scene.Org2)
			receiver.Key = sender.Key
			if test.lie != nil {
				test.lie(r, sender, receiver)
			}
			caller := r.admin(scene.Org2)
			if test.caller != nil {
				caller = test.caller(r)
			}
			before := r.state()
			scene.Code(t, r.registerKeys(caller, receiver.KeyRegistration()), test.want)
			r.unchanged(before)
		})
	}
}

func TestImportTwice(t *testing.T) {
	r := full(t)
	sender, receiver := r.generates(), r.enters(scene.Org2)
	receiver.Key = sender.Key
	scene.Accepted(t, r.registerKeys(r.admin(scene.Org2), receiver.KeyRegistration()))
	before := r.state()
	scene.Code(t, r.registerKeys(r.admin(scene.Org2), receiver.KeyRegistration()), protocol.CodeAlreadyProvisioned)
	r.unchanged(before)
}

// TestAttack22FullKeysOfAnUnregisteredEnclave: the right key in the wrong hands.
func TestAttack22FullKeysOfAnUnregisteredEnclave(t *testing.T) {
	r := full(t)
	stranger := r.NewEnclave(scene.Org2).Full()
	stranger.Key = r.generates().Key
	before := r.state()
	scene.Code(t, r.registerKeys(r.admin(scene.Org2), stranger.KeyRegistration()), protocol.CodeNotRegistered)
	r.unchanged(before)
}
