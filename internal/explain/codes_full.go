// SPDX-License-Identifier: Apache-2.0

package explain

import "github.com/privatechaincode/fpc/protocol"

// fullMode are codes of enclaves that endorse, and of their view of the ledger.
var fullMode = map[protocol.Code]Explanation{
	"bad_enclave_policy": {"the definition's endorsement policy names enclaves in a form that does not hold what Full mode promises", "approve and commit a policy whose every member is an enclave of this very definition, such as OutOf(2,'Org1MSP.enclave','Org2MSP.enclave')"},
	"wrong_ledger":       {"the ledger enclave that the enclave works with is not one that is approved, or runs on a platform below the policy", "start the fpc-ledger that ERCC's policy approves beside this peer, or approve the one that runs (fpc ercc policy build --ledger-enclave), and initialise the enclave anew"},
	"wrong_registry":     {"the enclave's ledger enclave looks registrations up at another chaincode than this registry", "start fpc-ledger-host and stub with the name under which ERCC is defined (--ercc), and initialise the enclave anew"},
	"wrong_mode":         {"the enclave is of one mode, Lite or Full, and what was asked of it is of the other", "the definition's endorsement policy decides the mode; an enclave of the other one is initialised anew for it: fpc lifecycle chaincode initenclave on an empty state directory"},
	"not_certified":      {"the enclave has no certificate of its organisation's CA yet, so its endorsement would count for nothing", "have it certified: fpc enclave certify"},
	"wrong_certificate":  {"the certificate is not one of this chaincode's enclaves", "let the CA certify the request as it stands: role client and the organisation unit that it names (fpc enclave certify)"},
	"ledger_unreachable": {"the ledger enclave does not answer, and without it an enclave in Full mode does nothing", "start fpc-ledger-host beside this peer, and give the stub its socket: --ledger or FPC_LEDGER, in the environment of the peer if that launches the stub"},
	"stale_view":         {"between the peer's state and the ledger enclave's view there was no head at which both agree", "invoke again; clients do so by themselves. If it stays while nobody writes, the peer's state is not what the channel committed"},
	"not_yet":            {"the ledger enclave has not reached the height that was asked for", "invoke again; if it stays, the ledger enclave's host does not follow its peer"},
	"below_min_head":     {"the ledger enclave has not reached the height that the request demands", "wait until the peer has caught up, or ask another one"},
	"foreign_writer":     {"a key, or its policy, was changed by a transaction that no registered enclaves of this chaincode endorsed", "do not use the key until enclaves write it anew without reading it: organisations' CAs let somebody else endorse, or an enclave was revoked before what it had endorsed was committed; the transaction stands in the chain"},
	"tainted":            {"a value was written by a transaction whose verdict the ledger enclave cannot tell, because it depends on a plugin of the peers", "let an enclave write the key anew, and define the chaincodes of such transactions with the builtin validation"},
	"export_refused":     {"exported chaincode keys do not open, or are not those that the registry holds", "export them anew from an enclave that holds them: fpc enclave exportcckeys"},
	"not_fresh":          {"nothing shows that the ledger enclave's view is not frozen", "gather the head statement anew, from peers of a majority of the channel's organisations, and use it at once"},
	"ledger_answer":      {"the ledger enclave answered something else than it was asked", "let chaincode enclave and ledger enclave be of one release"},
	"decorated":          {"the peer adds decorations to proposals, on which no two enclaves would agree", "take the decorators out of the peer's core.yaml (peer.handlers.decorators)"},
	"hidden_head":        {"the ledger enclave's chain does not contain the head that this enclave saw before: it was put back, or follows a fork", "let fpc-ledger-host follow the channel to its end; if it stays, its peer is on a fork"},
	"foreign_policy":     {"the chaincode sets a key-level endorsement policy that others than this definition's enclaves satisfy", "in Full mode use principals of the enclaves' organisation unit only"},
}
