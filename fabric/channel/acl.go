// SPDX-License-Identifier: Apache-2.0

package channel

import "github.com/privatechaincode/fpc/fabric/policy"

// defaultACLs are the policies that Fabric's peers apply to channel resources
// where the configuration names none.
var defaultACLs = map[string]string{
	"_lifecycle/CommitChaincodeDefinition": policy.ApplicationWriters,
	"_lifecycle/QueryChaincodeDefinition":  policy.ApplicationWriters,
	"_lifecycle/QueryChaincodeDefinitions": policy.ApplicationWriters,
	"_lifecycle/CheckCommitReadiness":      policy.ApplicationWriters,

	"qscc/GetChainInfo":       policy.ApplicationReaders,
	"qscc/GetBlockByNumber":   policy.ApplicationReaders,
	"qscc/GetBlockByHash":     policy.ApplicationReaders,
	"qscc/GetTransactionByID": policy.ApplicationReaders,
	"qscc/GetBlockByTxID":     policy.ApplicationReaders,

	"cscc/GetConfigBlock":   policy.ApplicationReaders,
	"cscc/GetChannelConfig": policy.ApplicationReaders,

	"peer/Propose":              policy.ApplicationWriters,
	"peer/ChaincodeToChaincode": policy.ApplicationWriters,

	"event/Block":             policy.ApplicationReaders,
	"event/FilteredBlock":     policy.ApplicationReaders,
	"gateway/CommitStatus":    policy.ApplicationReaders,
	"gateway/ChaincodeEvents": policy.ApplicationReaders,
}

// ACL returns the path of the policy that governs a channel resource such as
// "peer/Propose": the configuration's, otherwise Fabric's default. It is false
// for resources that no channel policy governs: those are matters of a peer's
// own organisation.
func (b *Bundle) ACL(resource string) (path string, ok bool) {
	if path, ok = b.acls[resource]; ok {
		return path, true
	}
	path, ok = defaultACLs[resource]
	return path, ok
}
