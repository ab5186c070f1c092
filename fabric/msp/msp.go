// SPDX-License-Identifier: Apache-2.0

// Package msp is trusted: it decides who an organisation's members are. It
// applies Fabric's membership rules (MSP versions 1.4.3 and 3.0, ECDSA keys) to
// channel configurations and serialized identities, with no clock, no network
// and no global state.
package msp

import (
	"errors"

	msppb "github.com/privatechaincode/fpc/internal/pb/msp"
)

// MSP is one organisation's membership rules, compiled from its configuration.
// It is immutable and safe for concurrent use.
type MSP struct {
	id string
}

// New compiles a configuration. It fails, as Fabric does, when a CA certificate
// is no CA, lacks a subject key identifier or does not chain to a root, when a
// listed admin is not valid, or when an OU identifier names an unknown CA.
func New(config *msppb.FabricMSPConfig) (*MSP, error) {
	return nil, errors.New("msp: not implemented")
}

// Parse compiles a serialized MSPConfig, as the channel configuration carries
// it. Types other than 0 (FabricMSPConfig) are refused.
func Parse(config []byte) (*MSP, error) { return nil, errors.New("msp: not implemented") }

// ID returns the MSP identifier.
func (m *MSP) ID() string { return m.id }

// Present reads a serialized identity of this MSP.
func (m *MSP) Present(serialized []byte) (*Presented, error) {
	return nil, errors.New("msp: not implemented")
}

// Identity reads and validates a serialized identity of this MSP.
func (m *MSP) Identity(serialized []byte) (*Identity, error) {
	return nil, errors.New("msp: not implemented")
}
