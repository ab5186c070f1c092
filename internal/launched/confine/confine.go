// SPDX-License-Identifier: Apache-2.0

// Package confine is trusted: it takes from an enclave process all rights that
// it does not need, so that neither a chaincode nor a hole in one reaches files,
// the network or other processes of the host.
//
// It protects the host and the chaincode's secrets from the chaincode's own
// mistakes (a secret printed or sent somewhere). It protects nothing from the
// host: that is the TEE's work.
package confine

// Descriptors are what a confined process keeps of the descriptors that it inherited.
type Descriptors struct {
	// Stream is read and written.
	Stream int
	// Listener is a listening socket: connections are accepted on it, and on no
	// other. 0: there is none.
	Listener int
}

func (d Descriptors) has(fd int) bool {
	return fd == d.Stream || fd == d.Listener && d.Listener != 0
}

// Report says what was applied and what could not be, for people.
type Report []string

func (r *Report) applied(what string) { *r = append(*r, what) }

func (r *Report) missing(what string, err error) {
	*r = append(*r, "NOT "+what+": "+err.Error())
}
