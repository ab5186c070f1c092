// SPDX-License-Identifier: Apache-2.0

package ercc

import (
	"maps"
	"slices"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// queryRegistryView returns RegistryView: all that a client must check before it
// encrypts (INV-2, INV-5), in one read and in the same bytes at every peer of
// the same height. Argument: chaincode name.
func (t *tx) queryRegistryView(args [][]byte) ([]byte, error) {
	const step = "INV-5"
	cc, err := oneChaincode(step, protocol.FuncQueryRegistryView, args)
	if err != nil {
		return nil, err
	}
	own, err := t.definition(step, t.registry.config.Name)
	if err != nil {
		return nil, err
	}
	committed, err := t.definition(step, cc)
	if err != nil {
		return nil, err
	}
	view := &fpc.RegistryView{
		ErccVersion:      own.GetVersion(),
		Definition:       committed.CCParams(),
		DefinitionPolicy: committed.GetValidationParameter(),
	}
	if err := t.fillView(view, cc); err != nil {
		return nil, err
	}
	return marshal(view)
}

// fillView adds what the registry itself keeps.
func (t *tx) fillView(view *fpc.RegistryView, cc string) error {
	var err error
	if view.Policy, err = t.store.policy(); err != nil {
		return err
	}
	if view.CodeManifest, err = t.store.manifest(cc, view.GetDefinition().GetVersion()); err != nil {
		return err
	}
	if view.ChaincodeKey, err = t.store.key(cc); err != nil {
		return err
	}
	revoked, err := t.revokedSet(cc)
	if err != nil {
		return err
	}
	view.Revoked = slices.Sorted(maps.Keys(revoked))
	err = each(t.store, protocol.CredentialsPrefix(cc), func(_ string, c *fpc.Credentials) {
		view.Credentials = append(view.Credentials, c)
	})
	if err != nil {
		return err
	}
	err = each(t.store, protocol.ProvisionedPrefix(cc), func(_ string, r *fpc.Signed) {
		view.Provisioned = append(view.Provisioned, r)
	})
	if err != nil {
		return err
	}
	return each(t.store, protocol.ExportedPrefix(cc), func(_ string, x *fpc.Signed) {
		view.Exported = append(view.Exported, x)
	})
}

// queryValidationView returns ValidationView: what a stub must know of one
// enclave before it replays what that enclave signed (VAL-2). Arguments:
// chaincode name, enclave id. An unknown enclave is no error here: the stub
// refuses it.
func (t *tx) queryValidationView(args [][]byte) ([]byte, error) {
	const step = "VAL-2"
	cc, id, err := oneEnclave(step, protocol.FuncQueryValidationView, args)
	if err != nil {
		return nil, err
	}
	committed, err := t.definition(step, cc)
	if err != nil {
		return nil, err
	}
	view := &fpc.ValidationView{Definition: committed.CCParams()}
	if err := t.store.enclave(cc, id, view); err != nil {
		return nil, err
	}
	return marshal(view)
}
