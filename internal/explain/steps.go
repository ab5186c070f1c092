// SPDX-License-Identifier: Apache-2.0

package explain

// steps says in a few words what happens at each step of flows.md, and who does it.
var steps = map[string]string{
	"LC-1": "an administrator builds a package",
	"LC-2": "a peer installs a package",
	"LC-3": "an organisation approves a definition",
	"LC-4": "a definition is committed",
	"LC-5": "the registry's policy is stored",

	"REG-1":  "the stub is asked to initialise its enclave",
	"REG-2":  "the stub collects what the enclave is made for: definition, channel, organisations",
	"REG-3":  "the enclave is initialised",
	"REG-4":  "the enclave makes its keys",
	"REG-5":  "enclave and ledger enclave open their first attested session",
	"REG-6":  "the enclave attests its keys",
	"REG-7":  "the stub stores the enclave's sealed state",
	"REG-8":  "the administrator gets the enclave's credentials",
	"REG-9":  "the organisation's CA certifies the enclave as an endorser",
	"REG-10": "the administrator completes the attestation to evidence",
	"REG-11": "the registry is asked to register an enclave",
	"REG-12": "the registry judges an enclave's credentials",
	"REG-13": "the registry stores an enclave's credentials",
	"REG-14": "the registry is asked to revoke an enclave",
	"REG-15": "an enclave attests anew",

	"KEY-1": "the enclave makes the chaincode's keys",
	"KEY-2": "the enclave signs the registration of the chaincode's key",
	"KEY-3": "the registry registers the chaincode's key",
	"KEY-4": "the administrator looks for enclaves that have no keys",
	"KEY-5": "an enclave exports the chaincode's keys to another one",
	"KEY-6": "the registry keeps a key export",
	"KEY-7": "an enclave imports the chaincode's keys",

	"INV-1":  "a user invokes a private chaincode",
	"INV-2":  "the client reads the chaincode's key from the registry",
	"INV-3":  "the client makes a key for the answer",
	"INV-4":  "the client seals the request",
	"INV-5":  "the client reads the enclaves' credentials and checks them",
	"INV-6":  "the client sends the proposal to the enclave's peer",
	"INV-6a": "the stub starts",
	"INV-6b": "the stub reads the enclave's sealed state",
	"INV-6c": "the stub starts the enclave and hands it its state",
	"INV-6d": "the enclave unseals its state",
	"INV-7":  "the peer hands the proposal to the stub",
	"INV-8":  "the stub hands the proposal to the enclave",
	"INV-9":  "enclave and ledger enclave open an attested session",
	"INV-10": "the enclave verifies the proposal and its creator",
	"INV-11": "the ledger enclave validates the creator, and its head is pinned",
	"INV-12": "the enclave opens the request",
	"INV-13": "the enclave checks which ledger enclave the request asks for",
	"INV-14": "the enclave runs the chaincode",
	"INV-15": "the enclave seals what was written and answered",
	"INV-16": "the enclave signs its response",
	"INV-17": "the response goes back to the peer",
	"INV-18": "the client receives the response",
	"INV-19": "the client receives an enclave's endorsement",
	"INV-20": "the client asks as many enclaves as the policy needs",
	"INV-21": "the client begins to commit what the enclave signed",
	"INV-22": "the client checks the response and opens it",

	"EX-1": "the chaincode reads a value",
	"EX-2": "the chaincode writes a value",
	"EX-3": "the chaincode reads a range",
	"EX-4": "the chaincode does not read its own writes back",
	"EX-5": "the chaincode's keys are checked against FPC's own",

	"VAL-1": "peers are asked to validate what the enclave signed",
	"VAL-2": "the validating stub looks the enclave up in the registry",
	"VAL-3": "the validating stub checks the enclave's response",
	"VAL-4": "the validating stub replays reads and writes",
	"VAL-5": "the transaction is ordered, validated and committed",
	"VAL-6": "the transaction that enclaves endorsed is ordered",
	"VAL-7": "peers hold the enclaves' endorsements against the policy",
	"VAL-8": "the ledger enclave verifies and validates a block",
}

// Step says what happens at a step of flows.md.
func Step(name string) (string, bool) {
	text, ok := steps[name]
	return text, ok
}
