// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

// Package sim is trusted, and worth nothing: it verifies simulated attestation,
// whose signing key is published below. It proves that the flows work, and
// nothing else. Builds with the tag nosim do not contain it.
package sim

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// Platform is the name of simulated attestation in evidence and policies.
const Platform = "sim"

// LabelReport separates simulated reports from all else that is signed.
const LabelReport keys.Label = "fpc/v1/sim-report"

// seed is known to everybody: anybody can sign a simulated report.
const seed = "FPC simulated attestation: this key is public and proves nothing"

// Sign signs a serialised report with the published key, as anybody can.
func Sign(report []byte) []byte {
	return ed25519.Sign(publishedKey(), keys.Encode(LabelReport, report))
}

func publishedKey() ed25519.PrivateKey {
	s := sha256.Sum256([]byte(seed))
	return ed25519.NewKeyFromSeed(s[:])
}

// Verifier verifies simulated evidence.
type Verifier struct{}

var _ attest.Verifier = Verifier{}

// Verify implements [attest.Verifier]. The time is not used: the report's
// validity is among the claims.
func (Verifier) Verify(evidence *pb.Evidence, _ time.Time) (attest.Claims, error) {
	if evidence.GetPlatform() != Platform {
		return attest.Claims{}, fmt.Errorf("sim: evidence is of platform %q", evidence.GetPlatform())
	}
	if len(evidence.GetCollateral()) != 0 {
		return attest.Claims{}, errors.New("sim: evidence has collateral, and none is defined")
	}
	signed, report := &pb.SimEvidence{}, &pb.SimReport{}
	if err := proto.Unmarshal(evidence.GetAttestation(), signed); err != nil {
		return attest.Claims{}, fmt.Errorf("sim: evidence does not decode: %w", err)
	}
	public := publishedKey().Public().(ed25519.PublicKey)
	if !ed25519.Verify(public, keys.Encode(LabelReport, signed.GetReport()), signed.GetSignature()) {
		return attest.Claims{}, errors.New("sim: report's signature does not verify")
	}
	if err := proto.Unmarshal(signed.GetReport(), report); err != nil {
		return attest.Claims{}, fmt.Errorf("sim: report does not decode: %w", err)
	}
	if len(report.GetCodeId()) != sha256.Size || len(report.GetReportData()) != 64 {
		return attest.Claims{}, errors.New("sim: report's code id or report data has the wrong size")
	}
	return attest.Claims{
		Platform:   Platform,
		CodeID:     hex.EncodeToString(report.GetCodeId()),
		ReportData: [64]byte(report.GetReportData()),
		Debug:      report.GetDebug(),
		TCBLevel:   report.GetTcb(),
		NotBefore:  time.Unix(report.GetNotBefore(), 0).UTC(),
		NotAfter:   time.Unix(report.GetNotAfter(), 0).UTC(),
	}, nil
}
