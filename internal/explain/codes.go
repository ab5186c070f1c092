// SPDX-License-Identifier: Apache-2.0

package explain

import "github.com/privatechaincode/fpc/protocol"

// Code explains a code of a step.
func Code(code protocol.Code) (Explanation, bool) {
	for _, table := range []map[protocol.Code]Explanation{general, requests, registration, sealed, runs, sessions, fullMode, ledgers, clients} {
		if e, ok := table[code]; ok {
			return e, true
		}
	}
	return Explanation{}, false
}

const again = "invoke again; if it stays, "

// general are codes of messages and of who may do what.
var general = map[protocol.Code]Explanation{
	"internal":         {"a program failed where its input was not to blame", "look into the log of the program that the step names, and report it with its text"},
	"malformed":        {"a message or file does not decode, or not in the one form allowed", "check that all programs are of one version, and that the file named is the one that the command wants"},
	"too_large":        {"a message is larger than its reader takes", "send less at a time; the limit stands in the text"},
	"wrong_channel":    {"something is of another channel than this one; channels are told apart by the hash of their genesis block, not by name", "check -C and --genesis; an enclave serves the channel that it was initialised on and no other"},
	"wrong_chaincode":  {"something is of another chaincode than the one asked", "check -n, and that the stub was started with the chaincode's name in its definition (--chaincode)"},
	"wrong_version":    {"the code that runs is not the version that the committed definition names", "start the enclave of the package whose version is committed, or approve and commit the version of the one that runs"},
	"wrong_enclave":    {"a message names another enclave than the one it was expected from", "read the registry again; if it stays, the enclave's host mixes messages up"},
	"wrong_msp":        {"the organisations' certificates differ between channel, registry, enclave and client", "after a change of the channel's organisations: build, approve and set a new policy (fpc ercc policy build), then fpc enclave refresh; a client names the new configuration with --config-block"},
	"not_admin":        {"the caller is none of the administrators of its organisation", "set CORE_PEER_MSPCONFIGPATH to the administrator's MSP folder"},
	"not_direct":       {"an administrator's function was called by another chaincode, or in a proposal to another one", "call the registry or the private chaincode itself; if nobody meant to, ask who wrote the chaincode that the proposal names"},
	"foreign_caller":   {"the caller is of another organisation than the one that may do this", "call as the organisation that the text names"},
	"unknown_function": {"the chaincode that was called has no such function", "private chaincodes are called by fpc chaincode invoke or query, or the client SDK: their own functions exist inside the enclave only"},
	"bad_arguments":    {"arguments are missing, too many, or not of the form expected", "call it with this release's fpc or client SDK; they make the arguments"},
	"clock":            {"the transaction's time is far from the endorser's clock", "set the clock of the client, or of the peer's host; fpc doctor measures the difference"},
	"not_found":        {"what was asked for is not registered or not defined", "register it first: fpc lifecycle chaincode initenclave for enclaves and keys, approve and commit for definitions"},
}

// requests are codes of proposals, requests, responses and their replay.
var requests = map[protocol.Code]Explanation{
	"foreign_creator":   {"the identity that proposes is not of the channel's organisations as the enclave knows them, or may not propose", "use a client's or administrator's identity of the channel; if its organisation is new, have the enclave refreshed (fpc enclave refresh)"},
	"revoked_creator":   {"the certificate that proposes is revoked by its organisation", "enrol again and use the new certificate"},
	"bad_signature":     {"a signature is not by the one who is named, or over something else", again + "somebody on the way alters messages"},
	"bad_tx_id":         {"the transaction id is not the hash of its nonce and creator", again + "somebody on the way alters proposals"},
	"other_creator":     {"the one who commits is not the one who invoked", "commit in the name of the identity that invoked: nobody can commit for another"},
	"transient_data":    {"the proposal carries transient data in clear, which would stand on the ledger", "leave the proposal's transient map empty; give --transient to fpc chaincode invoke, which seals it"},
	"unknown_key":       {"the request is sealed with another key than the chaincode's present one", "read the registry again and invoke again; clients do so once by themselves"},
	"request_refused":   {"the request does not open: it was altered, or sealed for another channel, chaincode or identity", "invoke again under the identity that sealed it; a captured request is of use to nobody else"},
	"request_hash":      {"the answer or the validation is about another request than the one sent", again + "somebody on the way exchanges messages"},
	"error_response":    {"the enclave signed an error, so there is nothing to commit", "open the answer: the client shows the chaincode's own error; mend the call and invoke again"},
	"bad_response":      {"the answer does not open with the key that this request sent along, or contradicts itself", again + "do not trust this enclave's host"},
	"bad_exec":          {"the answer's inputs are not those it was computed from", again + "somebody on the way alters answers"},
	"reserved_key":      {"the chaincode uses a key of the kinds that FPC keeps for itself", "let the chaincode use another composite type"},
	"stale_read":        {"a value has changed since the enclave read it, or the enclave's peer showed it an old one", "invoke again; where many write one key, spread them over several"},
	"altered_range":     {"the rows of a range have changed since the enclave read them, or the enclave's peer hid or added some", "invoke again; if no other transaction was under way, the enclave's host lies"},
	"consumed":          {"this run was committed before: each can be committed once", "nothing, if the first commit was meant; to run the function again, invoke again"},
	"wrong_proposal":    {"the answer is to another proposal than the one sent", again + "somebody on the way exchanges answers"},
	"stale_refresh":     {"the enclave attested with an older configuration of the channel than the registered one", "refresh against a peer that has all blocks"},
	"timeout":           {"the call took longer than its limit, or all places for running calls were taken", "try again; make the function shorter, or raise the stub's --timeout or --max-invocations"},
	"enclave_ended":     {"the enclave's process ended before it answered", "try again: the stub ends too, and whoever supervises it starts both anew; why it ended stands in the stub's log"},
	"no_enclave":        {"this peer's stub has no enclave, it only validates", "call the peer that the enclave's credentials name (fpc enclave list), or start the stub with --enclave and --state"},
	"no_registry":       {"the peer's enclave registry did not answer", "install and start ERCC at every peer that endorses or validates"},
	"environment":       {"the peer starts the stub with a variable that the stub cannot use", "correct the variable in the peer's environment; the external builder's propagateEnvironment passes it on"},
	"no_chaincode_name": {"the peer starts a stub, and neither the package's label nor FPC_CHAINCODE_NAMES gives its chaincode's name", "label the package with the chaincode's name, or set FPC_CHAINCODE_NAMES=LABEL=NAME in the peer's environment"},
}

// registration are codes of ERCC's policy, of attestation and of keys.
var registration = map[protocol.Code]Explanation{
	"not_initialised":       {"the enclave has no keys: it was never initialised, or started with another state folder", "fpc lifecycle chaincode initenclave; if it was initialised before, start the stub with the same --state"},
	"already_initialised":   {"the enclave has its keys already", "nothing: fpc lifecycle chaincode initenclave goes on where it stopped; to attest anew, fpc enclave refresh"},
	"not_provisioned":       {"the enclave, or the chaincode, has no chaincode keys yet", "fpc lifecycle chaincode initenclave, by the organisation that ERCC's policy designates"},
	"already_provisioned":   {"the chaincode has a key set, and there is no cause for another", "nothing: the enclave that holds it serves; a new version or a revocation is a cause for new keys"},
	"not_registered":        {"the registry does not know the enclave", "register it: fpc lifecycle chaincode initenclave"},
	"already_registered":    {"the registry knows the enclave already", "nothing; to replace its credentials: fpc enclave refresh"},
	"revoked":               {"the enclave is revoked, for ever", "start the stub with a new --state folder and run fpc lifecycle chaincode initenclave: a new enclave and new keys"},
	"wrong_generation":      {"the enclave holds an older or another generation of the chaincode's keys than the registered one", "read the registry again; if the enclave is behind, initialise its successor: fpc lifecycle chaincode initenclave"},
	"lineage":               {"the chaincode's keys were held by an enclave of a kind that is not trusted here", "keys cannot lose their past: start with new keys, under a new version or another chaincode name; keys from sim never become real ones"},
	"not_designated":        {"ERCC's policy names another organisation to hold this chaincode's keys", "initialise the enclave of that organisation, or change the policy: fpc ercc policy build --designate, approve, commit, set"},
	"no_policy":             {"ERCC has no policy yet, and refuses everything until it has", "fpc ercc policy set, with the bytes that ERCC's definition approves"},
	"wrong_policy":          {"the policy's bytes are not the ones that ERCC's definition approves by their hash, or do not fit the channel", "fpc ercc policy build; approve and commit the hash that it prints as ERCC's version; fpc ercc policy set the same file"},
	"not_in_manifest":       {"the enclave's code is not among those that the definition approves", "start the enclave that is in the approved package, or approve and commit the package of the one that runs"},
	"no_definition":         {"the chaincode has no committed definition on this channel", "approve for enough organisations and commit: fpc lifecycle chaincode approveformyorg, commit"},
	"attestation":           {"the platform refused to attest the enclave", "look into the stub's log; check that the machine's TEE is enabled, and the attestation parameters"},
	"no_attestation_policy": {"nobody said which attestation is good enough, so none is", "name the platforms: --attestation for clients, fpc ercc policy build --attestation for ERCC"},
	"platform_not_allowed":  {"the enclave runs on a platform that the policy does not allow", "run it on one that is allowed, or allow it: --attestation for this client, a new policy for ERCC; sim only to try things out"},
	"no_verifier":           {"this program cannot verify evidence of that platform", "use a build that can; builds with the tag nosim cannot verify sim"},
	"bad_evidence":          {"the attestation's evidence is not genuine", "run initenclave again; if it stays, the enclave's host, or its TEE, is not what it claims to be"},
	"wrong_statement":       {"the evidence is genuine, but attests something else than these credentials", "run initenclave again; if it stays, somebody on the way alters credentials"},
	"debug":                 {"the enclave runs in debug mode, in which its host can look inside", "start it without debug mode; --allow-debug only to try things out"},
	"tcb_too_low":           {"the platform's firmware or microcode is older than the policy asks for", "update the machine, then fpc enclave refresh"},
	"not_yet_valid":         {"the evidence is valid only later", "set the clocks of the enclave's host and of the peers"},
	"expired":               {"the evidence has expired", "have the enclave attest anew: fpc enclave refresh"},
}

// sealed are codes of sealed state (INV-6d, REG-7). The state stays as it is.
var sealed = map[protocol.Code]Explanation{
	"sealed_state":          {"the enclave's sealed state cannot be stored or read", "check the folder of the stub's --state: space, rights, disk"},
	"sealed_truncated":      {"the sealed state is cut short", "restore the folder of --state from a backup; without one: revoke the enclave, initialise a new one"},
	"sealed_version":        {"the sealed state is of another release of this program", "start the release that wrote it"},
	"sealed_other_platform": {"the state was sealed on another kind of TEE", "sealed state does not move between platforms: initialise a new enclave there"},
	"sealed_other_code":     {"the state was sealed by other code", "start the enclave program that sealed it; each code has its own folder below --state"},
	"sealed_other_host":     {"the state was sealed on another machine, or the host's secret is gone", "sealed state does not move: start the stub on its machine, with its whole --state folder"},
	"sealed_tampered":       {"the sealed state was altered", "restore the folder of --state from a backup; without one: revoke the enclave, initialise a new one"},
}

// runs are codes that an enclave gives while a chaincode runs. They reach the
// client sealed.
var runs = map[protocol.Code]Explanation{
	"foreign_value":  {"the state holds a value that no enclave of this chaincode wrote", "ask who wrote it: a definition's policy that lets peers write alone, or a host that makes values up"},
	"tampered_value": {"a sealed value was altered, or moved from another key, chaincode or channel", "the enclave's host, or its peer's state, is not to be trusted; use another peer, and rebuild this one's state"},
	"bad_range":      {"the host's rows are out of order or out of bounds", "the enclave's host is not to be trusted; use another"},
	"bad_answer":     {"the host's answer does not fit what the enclave asked", "check that stub and enclave are of one release; else the host is not to be trusted"},
	"host":           {"the host could not read the state", again + "look into the logs of stub and peer"},
	"bad_key":        {"a state database would refuse the key", "let the chaincode use keys that are valid UTF-8, not empty, and do not begin with an underscore"},
	"read_only":      {"a transaction that reads pages may not write", "read with a plain range where you write, or page in a query of its own"},
	"panicked":       {"the chaincode panicked; what it said is kept secret, for it may hold others' data", "test the chaincode in its plain form with the same arguments"},
	"cancelled":      {"the host's time limit ended the run", "make the function shorter, or raise the stub's --timeout"},
	"no_ledger":      {"the request asks for a ledger enclave, which Lite does not have", "ask without one"},
}

// clients are codes of the client's own checks.
var clients = map[protocol.Code]Explanation{
	"too_few_endorsements": {"the peers, or enclaves, that endorse do not satisfy the chaincode's policy", "name peers of more organisations with --peerAddresses; where enclaves endorse, see to those that the policy asks for: fpc doctor -n CHAINCODE at each organisation"},
	"too_few_answers":      {"too few organisations' peers answered to tell what the registry holds", "start the missing peers and their ERCC, name more with --peerAddresses, or lower --quorum"},
	"answers_differ":       {"the peers do not agree about what the registry holds", "wait until all peers have all blocks and ask again; if it stays, one of them lies: compare fpc enclave list at each"},
	"foreign_endorser":     {"an answer is signed by somebody who is none of the pinned organisations' peers", "check --genesis; name the later configuration with --config-block if organisations joined"},
	"other_proposal":       {"a peer answered another question than the one asked", again + "leave that peer out"},
	"wrong_suite":          {"the chaincode's key is of an HPKE suite that you do not accept, or did not ask for: what is sealed with it may be readable to whoever records it and one day has a quantum computer", "have the keys made with one of the suites that clients accept by default (fpc lifecycle chaincode initenclave --suite, in a new state directory), or accept this one by name: --allow-suite"},
	"too_few_holders":      {"fewer organisations hold the chaincode's key than you ask for", "lower --min-holders; in Lite one organisation's enclave holds it"},
	"old_config":           {"the enclave knows an older configuration of the channel than this client pins: a member revoked since may still be one to it", "have the enclave attest anew: fpc enclave refresh"},
	"code_not_pinned":      {"the enclave runs code that you did not pin", "compare --code-id with what fpc lifecycle chaincode package printed for the agreed code"},
}

// sessions are codes of the session between a chaincode enclave and its ledger
// enclave.
var sessions = map[protocol.Code]Explanation{
	"session_evidence":   {"the other end of the session between chaincode enclave and ledger enclave cannot show what it is", "check that the stub's --ledger names the socket of this peer's fpc-ledger-host; if it does, somebody stands between the two"},
	"session_values":     {"chaincode enclave and ledger enclave do not mean the same registry", "start fpc-ledger-host with the name under which ERCC is defined on the channel"},
	"no_session":         {"the ledger enclave does not know the session: it was restarted", "nothing: the enclave makes a new session by itself; if it stays, look into the log of fpc-ledger-host"},
	"bad_mac":            {"a message between chaincode enclave and ledger enclave was altered on its way", "nothing, once: the enclave makes a new session by itself; if it stays, the host of one of the two lies"},
	"replayed":           {"a request of the chaincode enclave reached the ledger enclave twice, or far too late", "nothing, once: the enclave makes a new session by itself; if it stays, the host of one of the two lies"},
	"other_ledger":       {"the ledger enclave is of another code or judges for another kind of state database than the one that the chaincode enclave attested", "start the fpc-ledger that was there before; a new release of it needs a new chaincode enclave, which imports the keys from one that holds them: fpc lifecycle chaincode initenclave, fpc enclave exportcckeys, fpc enclave importcckeys"},
	"no_blocks":          {"the peer does not deliver the channel's blocks to the ledger enclave's host", "start the peer, or correct the address and identity that fpc-ledger-host was given; then it goes on by itself"},
	"ledger_unavailable": {"the peer's ledger enclave is starting, or has ended and is started anew", "try again; if it stays, look into the log of fpc-ledger-host"},
	"foreign_checkpoint": {"the checkpoint that fpc-ledger-host would resume from is of another channel, state database or registry", "name another folder with --state, or the one that belongs to this channel"},
	"damaged_checkpoint": {"the checkpoint that fpc-ledger-host would resume from is not as it was written", "move the file that the text names away: the ledger enclave then follows the channel from its first block"},
	"weaker_ledger":      {"the ledger enclave runs on a platform that is less trustworthy than when the chaincode enclave attested it", "run fpc-ledger without debug mode and with firmware at least as new as before"},
}
