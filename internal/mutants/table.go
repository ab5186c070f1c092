// SPDX-License-Identifier: Apache-2.0

package main

import "slices"

// table lists every mutant, in the order of the flows.
func table() []mutant {
	return slices.Concat(registration, fullRegistration, keyRegistration, keyExport, initialisation, sealedState, proposals, execution, full, fullViews, refusals, answers, validations, clientChecks, decoders, network, programs, sessions, ledgerHosts, ledgerEnclaves)
}
