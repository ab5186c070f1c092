// SPDX-License-Identifier: Apache-2.0

package attest

import (
	"fmt"
	"time"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// Policy says which evidence is good enough; it travels in ERCC's policy, and a
// client has its own.
type Policy = protocol.AttestationPolicy

// PlatformPolicy is what a Policy asks of one platform.
type PlatformPolicy = protocol.PlatformPolicy

// Claims are what verified evidence says of an enclave.
type Claims struct {
	Platform   string
	CodeID     string   // lower-case hex of what the platform measured
	ReportData [64]byte // what the enclave had attested
	Debug      bool
	TCBLevel   uint32 // comparable within the platform
	NotBefore  time.Time
	NotAfter   time.Time
}

// Custody is how these claims enter a key set's lineage.
func (c Claims) Custody() protocol.Custody {
	return protocol.Custody{Platform: c.Platform, TCB: c.TCBLevel, Debug: c.Debug}
}

// Verifier checks that evidence of one platform is genuine, and returns what it
// says. It is pure: no clock, no network; at is the time of judgement. It does
// not judge the claims, [Verify] does.
type Verifier interface {
	Verify(evidence *pb.Evidence, at time.Time) (Claims, error)
}

// Verify checks evidence (REG-12, INV-5): its platform is allowed by name, it is
// genuine, it covers exactly this statement, it is not in debug mode unless
// allowed, its TCB is high enough, and it is valid at the given time. All errors
// are of type *[Error].
func Verify(ev *pb.Evidence, statement [64]byte, policy Policy, verifiers map[string]Verifier, at time.Time) (Claims, error) {
	if len(policy.Platforms) == 0 {
		return Claims{}, refuse(CodeNoPolicy, ev, "no attestation policy")
	}
	asked, allowed := policy.Platforms[ev.GetPlatform()]
	if !allowed {
		return Claims{}, refuse(CodePlatform, ev, "platform is not allowed by the attestation policy")
	}
	verifier, ok := verifiers[ev.GetPlatform()]
	if !ok {
		return Claims{}, refuse(CodeNoVerifier, ev, "this program cannot verify the platform's evidence")
	}
	claims, err := verifier.Verify(ev, at)
	if err != nil {
		return Claims{}, &Error{Code: CodeEvidence, Platform: ev.GetPlatform(), Reason: "evidence is not genuine: " + err.Error(), Err: err}
	}
	if err := judge(ev, claims, statement, asked, at); err != nil {
		return Claims{}, err
	}
	return claims, nil
}

func judge(ev *pb.Evidence, c Claims, statement [64]byte, asked PlatformPolicy, at time.Time) error {
	switch {
	case c.Platform != ev.GetPlatform():
		return refuse(CodeEvidence, ev, fmt.Sprintf("evidence is of platform %q", c.Platform))
	case c.ReportData != statement:
		return refuse(CodeStatement, ev, "evidence covers another statement")
	case c.Debug && !asked.AllowDebug:
		return refuse(CodeDebug, ev, "enclave is in debug mode")
	case c.TCBLevel < asked.MinTCB:
		return refuse(CodeTCB, ev, fmt.Sprintf("TCB level %d is below %d", c.TCBLevel, asked.MinTCB))
	case at.Before(c.NotBefore):
		return refuse(CodeNotYetValid, ev, "evidence is not valid before "+c.NotBefore.UTC().Format(time.RFC3339))
	case at.After(c.NotAfter):
		return refuse(CodeExpired, ev, "evidence expired at "+c.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}
