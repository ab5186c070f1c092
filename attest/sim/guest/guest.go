// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package guest is trusted, and worth nothing: the simulated platform as an
// enclave sees it. It issues reports under the published key, and derives the
// sealing key from a secret that the launcher hands over. Builds with the tag
// nosim do not contain it.
package guest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// LauncherRecordSize is the size of what the launcher hands over: 32 bytes of
// host secret, then the SHA-256 of the enclave's binary as it measured it.
const LauncherRecordSize = 32 + 32

// endOfTime is the last second of the year 9999, in Unix seconds.
const endOfTime = 253402300799

// Params are attestation_params of the simulated platform, as JSON. An enclave
// has no clock, so whoever asks for the attestation says when it is valid.
type Params struct {
	NotBefore int64  `json:"not_before"` // Unix seconds
	NotAfter  int64  `json:"not_after"`  // Unix seconds
	TCB       uint32 `json:"tcb"`        // TCB level that the simulated hardware claims
	Debug     bool   `json:"debug"`      // whether the simulated hardware claims debug mode
}

// Marshal returns the parameters as JSON.
func (p Params) Marshal() []byte {
	b, _ := json.Marshal(p) // integers and a bool always encode
	return b
}

// ParseParams reads the parameters; unknown fields are refused.
func ParseParams(b []byte) (Params, error) {
	var p Params
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Params{}, fmt.Errorf("sim: attestation parameters: %w", err)
	}
	if p.NotAfter <= p.NotBefore {
		return Params{}, errors.New("sim: attestation parameters: empty validity")
	}
	return p, nil
}

// Platform is the simulated platform of one enclave process.
type Platform struct {
	codeID  [32]byte
	sealing keys.SealingKey
}

// New reads a launcher record.
func New(record []byte) (*Platform, error) {
	if len(record) != LauncherRecordSize {
		return nil, fmt.Errorf("sim: launcher record has %d bytes, want %d", len(record), LauncherRecordSize)
	}
	codeID := [32]byte(record[32:])
	sealing, err := keys.NewSealingKey(record[:32], hex.EncodeToString(codeID[:]))
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	return &Platform{codeID, sealing}, nil
}

// Name returns the platform's name in evidence and policies.
func (p *Platform) Name() string { return sim.Platform }

// CodeID returns the code id of this enclave in lower-case hex.
func (p *Platform) CodeID() string { return hex.EncodeToString(p.codeID[:]) }

// SealingKey returns the key for state that only this code on this host opens.
func (p *Platform) SealingKey() keys.SealingKey { return p.sealing }

// Attest issues evidence over the report data (REG-6), and says how an enclave
// so attested enters a key set's lineage. Without parameters the evidence is
// valid at any time, as a session between two enclaves needs it.
func (p *Platform) Attest(reportData [64]byte, params []byte) (*pb.Evidence, protocol.Custody, error) {
	parsed := Params{NotAfter: endOfTime}
	if len(params) > 0 {
		var err error
		if parsed, err = ParseParams(params); err != nil {
			return nil, protocol.Custody{}, err
		}
	}
	ev, err := Issue(p.codeID, reportData, parsed)
	return ev, protocol.Custody{Platform: sim.Platform, TCB: parsed.TCB, Debug: parsed.Debug}, err
}

// Issue signs a report with the published key, as anybody can.
func Issue(codeID [32]byte, reportData [64]byte, params Params) (*pb.Evidence, error) {
	report, err := proto.Marshal(&pb.SimReport{
		CodeId:     codeID[:],
		ReportData: reportData[:],
		Debug:      params.Debug,
		NotBefore:  params.NotBefore,
		NotAfter:   params.NotAfter,
		Tcb:        params.TCB,
	})
	if err != nil {
		return nil, fmt.Errorf("sim: encode report: %w", err)
	}
	attestation, err := proto.Marshal(&pb.SimEvidence{
		Report:    report,
		Signature: sim.Sign(report),
	})
	if err != nil {
		return nil, fmt.Errorf("sim: encode evidence: %w", err)
	}
	return &pb.Evidence{Platform: sim.Platform, Attestation: attestation}, nil
}
