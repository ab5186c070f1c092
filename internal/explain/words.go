// SPDX-License-Identifier: Apache-2.0

package explain

import "regexp"

// words is a way in which a server or this program's client refuses, by its
// text, and what it means.
type words struct {
	name    string // for tests
	pattern *regexp.Regexp
	Explanation
}

func says(name, pattern, means, remedy string) words {
	return words{name, regexp.MustCompile(`(?is)` + pattern), Explanation{means, remedy}}
}

// servers is how one is named, or several that said the same.
const servers = `(peer|orderer)s? (\S+, )*\S+`

// refusals are the words in which Fabric's peers and orderers refuse, the most
// particular first.
var refusals = []words{
	says("connection refused", `connection refused|no such host|network is unreachable|no route to host`,
		"nobody listens at that address", `start the server, or correct the address; on an embedded network: fpc network up`),
	says("not TLS", `first record does not look like a TLS handshake|server gave HTTP response`,
		"this program speaks TLS and the server does not", "set CORE_PEER_TLS_ENABLED to what the peer does, here false; leave --tls and --cafile out for an orderer without TLS"),
	says("only TLS", `error reading server preface`,
		"this program does not speak TLS, and the server seems to want it", "set CORE_PEER_TLS_ENABLED to what the peer does, here true, with CORE_PEER_TLS_ROOTCERT_FILE; give --tls and --cafile for an orderer with TLS"),
	says("other TLS root", `certificate signed by unknown authority|certificate is not trusted|unknown certificate authority`,
		"the server's TLS certificate is not by the root that you named", "set CORE_PEER_TLS_ROOTCERT_FILE, --tlsRootCertFiles or --cafile to that server's TLS root; after a network was made anew, its exports are new too"),
	says("TLS certificate expired", `x509: certificate has expired`,
		"a TLS certificate has expired, or a clock is wrong", "renew the certificate, or set the clock; fpc doctor shows both"),
	says("other TLS name", `x509: certificate is valid for|cannot validate certificate for`,
		"the server's TLS certificate is for another host name", "use a name that stands in it, or CORE_PEER_TLS_SERVERHOSTOVERRIDE"),
	says("client TLS", `tls: certificate required|bad certificate|certificate unknown`,
		"the server wants a TLS certificate of the client, and did not accept yours", "set CORE_PEER_TLS_CLIENTAUTHREQUIRED, …_CLIENTCERT_FILE and …_CLIENTKEY_FILE"),

	says("identity expired", `client identity expired|identity expired|creator certificate has expired`,
		"the certificate that signs has expired", "enrol again and use the new certificate"),
	says("creator unknown", `creator org unknown, creator is malformed`,
		"the peer does not know the organisation of the identity that signs", "check CORE_PEER_LOCALMSPID and -C; the organisation must be in the channel"),
	says("creator refused", `access denied: channel \[[^\]]*\] creator org`,
		"the certificate that signs is not valid in its organisation, is revoked, or its key does not belong to it", "check CORE_PEER_MSPCONFIGPATH; enrol again if the certificate is revoked"),
	says("not allowed", `implicit policy evaluation failed|failed evaluating policy|policy requires|signature set did not satisfy|FORBIDDEN|does not satisfy`,
		"the identity that signs does not have the role that this asks for", "use an administrator's identity for life cycle and administration, a client's or administrator's for the rest; configuration updates want signatures of more organisations"),

	says("no channel", `channel '?[^' ]*'? not found|channel .* does not exist|NOT_FOUND|could not get channelconfig|failed to get policy manager`,
		"the server is not in that channel", "check -C; have the peer join the channel"),
	says("not installed", `but chaincode is not installed|could not find chaincode with package id`,
		"the chaincode is defined on the channel, but this peer has no package of it", "fpc lifecycle chaincode install at this peer, then approve with its package id"),
	says("not defined", `is not defined|make sure the chaincode .* has been successfully defined|chaincode (definition for )?'?[A-Za-z0-9_-]+'? not found|chaincode .* could not be found`,
		"the chaincode has no committed definition on this channel", "check -n and -C; approve and commit it: fpc lifecycle chaincode approveformyorg, commit; the registry's name is ercc, or --ercc"),
	says("not launched", `could not launch chaincode|chaincode registration failed|did not register|connection to .* failed|nothing listens there`,
		"the peer could not reach or start the chaincode's program", "start the chaincode's service at the address in its package, with CHAINCODE_ID as the peer has it; if the peer starts it, look into the peer's log"),
	says("not agreed", `chaincode definition not agreed to by this org`,
		"this peer's organisation has not approved the definition that is to be committed", "fpc lifecycle chaincode checkcommitreadiness shows who approved what; approve the very same definition"),
	says("sequence", `requested sequence is|attempted to redefine|unexpected sequence`,
		"the definition's sequence is not the next one", "fpc lifecycle chaincode querycommitted shows the present one; use the next"),
	says("installed already", `chaincode already successfully installed`,
		"the peer has this package already", "nothing; its package id stands in the text"),
	says("duplicate", `duplicate transaction found|DUPLICATE_TXID`,
		"a transaction with this id is on the ledger already", "make a new proposal, which has a new id"),
	says("no such transaction", `no such transaction|entry not found in index|transaction .* not found`,
		"the peer's ledger has no transaction with this id", "it was never ordered, or not yet, or is on another channel; the id of an execution stands on the ledger as a mark only: ask for the validation's"),
	says("chaincode gone", `chaincode stream terminated|error sending|chaincode .* went away|stream was closed`,
		"the chaincode's program ended while it was asked", "try again; if its enclave ended, why stands in the stub's log"),
	says("chaincode slow", `timeout expired while executing transaction|execute timeout`,
		"the chaincode took longer than the peer allows", "make the function shorter, or raise the peer's chaincode.executetimeout"),
	says("orderer halted", `SERVICE_UNAVAILABLE|chain has halted|no Raft leader`,
		"the orderer cannot order now", "try again; if it stays, look into the orderer's log"),
	says("clock", `timestamp .*(outside|is not within)|envelope timestamp`,
		"your clock and the server's are too far apart", "set the clocks; fpc doctor measures the difference"),
	says("deadline", `no answer within|context deadline exceeded|DeadlineExceeded`,
		"the answer took longer than this program waits", "try again, or wait longer with --waitForEventTimeout; if it stays, look into the server's log"),
}

// failures are the errors of this program's client, by the words in which they
// tell themselves.
var failures = []words{
	says("UnreachableError", servers+` cannot be reached`,
		"the server could not be reached", "check that it runs, its address, and its TLS root certificate"),
	says("NotAttestedError", `chaincode \S+ is not trusted:`,
		"what the network showed of the private chaincode is not what this client trusts; nothing was sent, or the answer was not believed", "find out why before you loosen a flag: this is how an attack looks"),
	says("NotCommittedError, invalid", `stands in block \d+ as invalid`,
		"the transaction was ordered, and the peers found it invalid: nothing changed", "see the validation code"),
	says("NotCommittedError, unknown", `its commit was not seen`,
		"whether the transaction was committed is not known", "fpc doctor TXID asks the peer; before a retry make sure that it was not"),
	says("ViewsDifferError", `enclaves read at different heads and got different results`,
		"the enclaves read the channel at different heads, and what the call reads changed in between", "call again; if it stays, another client writes the same keys all the time, or one enclave's peer is behind"),
	says("DisagreementError", `answered differently, so no transaction can be formed`,
		"peers gave different answers to one proposal", "retry: a peer may have lagged behind; if it stays, their chaincodes or states differ"),
	says("ChaincodeError", `the private chaincode answered with status \d+`,
		"the chaincode itself refused; its words were sealed for you", "mend the call; nothing was committed"),
	says("RefusedError", servers+`: [A-Z]{2,4}-\d+[a-z]? \[`,
		"stub or registry refused", "see the step"),
	says("RejectedError", servers+` refused`,
		"the server answered, and refused", "see its words"),
}
