// SPDX-License-Identifier: Apache-2.0

package ercc

import "github.com/privatechaincode/fpc/protocol"

// setPolicy stores the policy that ERCC's own committed definition approves by
// its version (LC-5). Any caller will do: the organisations have agreed on these
// bytes and no others. Codes: wrong_policy, malformed, no_definition.
func (t *tx) setPolicy(args [][]byte) ([]byte, error) {
	const step = "LC-5"
	if len(args) != 1 {
		return nil, protocol.Errorf(step, protocol.CodeBadArguments, "%s has %d arguments, want 1", protocol.FuncSetPolicy, len(args))
	}
	own, err := t.definition(step, t.registry.config.Name)
	if err != nil {
		return nil, err
	}
	if _, err := protocol.CheckPolicy(step, args[0], own.GetVersion()); err != nil {
		return nil, err
	}
	return nil, t.store.putPolicy(args[0])
}

// queryPolicy returns the stored policy's bytes, also when a later definition
// has made them void. Code: no_policy.
func (t *tx) queryPolicy([][]byte) ([]byte, error) {
	b, err := t.store.policy()
	if err == nil && len(b) == 0 {
		return nil, protocol.Errorf("LC-5", protocol.CodeNoPolicy, "ERCC has no policy stored")
	}
	return b, err
}
