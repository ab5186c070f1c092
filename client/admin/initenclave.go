// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/trace"
)

// Initialisation runs an enclave's registration from end to end: REG-1 to REG-13
// (REG-9 in Full mode) and, where the caller's organisation is the one that the
// policy designates, KEY-1 to KEY-3. It may be run again after any failure: what is done already is
// found out and left alone.
type Initialisation struct {
	Host     Host
	Registry Registry
	MSPID    string // the caller's organisation
	Endpoint string // the peer's address as clients reach it
	Manifest []byte // code manifest of the package
	Params   []byte // for the platform's attestation; empty: defaults
	Suite    string // of the chaincode's key; empty: the default for new ones, and any for one that is there
	// Evidence turns an attestation into evidence (REG-10): it attaches what an
	// offline verifier needs. Nil: the attestation is evidence already.
	Evidence func(context.Context, *pb.Evidence) (*pb.Evidence, error)
	// Authority is the organisation's CA, for a chaincode of Full mode (REG-9). Nil:
	// somebody else certifies, and the registration stops at REG-9 until the enclave
	// has its certificate.
	Authority Authority
	// Verifiers check the own evidence, by platform, before the CA certifies.
	Verifiers map[string]attest.Verifier
	// Progress is told each step that was done or found done; it may be nil.
	Progress func(step, what string)
	// Trace records the steps that the administrator receives; nil: none.
	Trace trace.Recorder
}

// Initialised is what an initialisation led to.
type Initialised struct {
	EnclaveID  string
	Generation uint64 // of the chaincode's keys; 0: this enclave has none
	Mode       protocol.Mode
}

// Run initialises, registers and provisions.
func (i Initialisation) Run(ctx context.Context) (*Initialised, error) {
	status, err := i.Host.Status(ctx)
	if err != nil {
		return nil, err
	}
	credentials, err := i.initialise(ctx, status)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.CredentialsFromPB("REG-8", credentials)
	if err != nil {
		return nil, err
	}
	id := parsed.EnclaveID()
	view, err := i.Registry.View(ctx, i.Host.Chaincode)
	if err != nil {
		return nil, err
	}
	mode, err := DefinitionMode(view)
	if err != nil {
		return nil, err
	}
	var roots []byte
	if mode == protocol.ModeFull {
		if roots, err = Roots(ctx, i.Host.Peer); err != nil {
			return nil, err
		}
		if credentials, err = i.certify(ctx, view, credentials, roots); err != nil {
			return nil, err
		}
	}
	if err := i.register(ctx, view, id, credentials, roots); err != nil {
		return nil, err
	}
	generation, err := i.keys(ctx, view, id, mode)
	return &Initialised{EnclaveID: id, Generation: generation, Mode: mode}, err
}

// certify is REG-9, which runs after REG-10. A certificate that the enclave has
// already stays.
func (i Initialisation) certify(ctx context.Context, view *pb.RegistryView, credentials *pb.Credentials, roots []byte) (*pb.Credentials, error) {
	if len(credentials.GetCertificate()) != 0 {
		i.progress(stepCertify, "the enclave is certified already")
		return credentials, nil
	}
	if i.Authority == nil {
		return nil, NotCertified(credentials)
	}
	facts, err := RegistrationFacts(view, i.Registry.Name, i.Manifest, i.Verifiers, time.Now())
	if err != nil {
		return nil, err
	}
	certified, err := i.Host.Certify(ctx, Certification{Facts: facts, Credentials: credentials, Roots: roots}, i.Authority, i.Trace)
	if err != nil {
		return nil, err
	}
	certified.Evidence = credentials.Evidence // REG-10's
	i.progress(stepCertify, "the organisation's CA certified the enclave as an endorser")
	return certified, nil
}

// keys is KEY-1 to KEY-3 where the policy designates the caller's organisation.
func (i Initialisation) keys(ctx context.Context, view *pb.RegistryView, id string, mode protocol.Mode) (uint64, error) {
	policy, err := protocol.ParseRegistryPolicy(view.Policy)
	if err != nil {
		return 0, err
	}
	designated, ok := policy.DesignatedMSP(i.Host.Chaincode)
	switch {
	case !ok || designated != i.MSPID:
		what := fmt.Sprintf("left out: ERCC's policy designates %q for %s, not %s", designated, i.Host.Chaincode, i.MSPID)
		if mode == protocol.ModeFull {
			what += "; an enclave that holds the keys exports them to this one, which then imports them"
		}
		i.progress("KEY-1", what)
		return 0, nil
	case mode == protocol.ModeFull && view.GetChaincodeKey() != nil && !holds(view, id):
		i.progress("KEY-1", "left out: the chaincode has its keys; an enclave that holds them exports them to this one, which then imports them")
		return 0, nil
	}
	return i.provision(ctx, view, id)
}

// holds tells whether the enclave registered a key set.
func holds(view *pb.RegistryView, id string) bool {
	return slices.ContainsFunc(view.Provisioned, func(s *pb.Signed) bool {
		r, err := protocol.ParseKeyRegistration("KEY-3", s)
		return err == nil && r.EnclaveID == id
	})
}

// initialise is REG-1 to REG-10.
func (i Initialisation) initialise(ctx context.Context, status *pb.EnclaveStatus) (*pb.Credentials, error) {
	credentials := status.Credentials
	if status.Initialized {
		i.progress("REG-8", "the enclave is initialised already")
	} else {
		var err error
		if credentials, err = i.Host.Init(ctx, i.Endpoint, i.Params); err != nil {
			return nil, err
		}
		i.received("REG-8", "stub", "credentials")
		i.progress("REG-8", "the enclave made its keys and attested")
	}
	i.received("REG-10", "admin", "attestation to evidence")
	if i.Evidence == nil || credentials.GetEvidence() == nil {
		return credentials, nil
	}
	evidence, err := i.Evidence(ctx, credentials.Evidence)
	if err != nil {
		return nil, fmt.Errorf("REG-10: turn the attestation into evidence: %w", err)
	}
	credentials.Evidence = evidence
	i.progress("REG-10", "the attestation is evidence")
	return credentials, nil
}

// register is REG-11 to REG-13.
func (i Initialisation) register(ctx context.Context, view *pb.RegistryView, id string, credentials *pb.Credentials, roots []byte) error {
	if slices.Contains(view.Revoked, id) {
		return protocol.Errorf("REG-11", protocol.CodeRevoked, "enclave %s is revoked; a new enclave needs a new state directory", id)
	}
	for _, known := range view.Credentials {
		if parsed, err := protocol.CredentialsFromPB("REG-13", known); err == nil && parsed.EnclaveID() == id {
			i.progress("REG-13", "the enclave is registered already")
			return nil
		}
	}
	if _, err := i.Registry.Register(ctx, credentials, i.Manifest, roots); err != nil {
		return err
	}
	i.progress("REG-13", "registered enclave "+id)
	return nil
}

// provision is KEY-1 to KEY-3.
func (i Initialisation) provision(ctx context.Context, view *pb.RegistryView, id string) (uint64, error) {
	status, err := i.Host.Status(ctx)
	if err != nil {
		return 0, err
	}
	registration := status.Registration
	if status.Provisioned {
		if err := checkSuite(registration, i.Suite); err != nil {
			return 0, err
		}
		i.progress("KEY-2", "the enclave has keys already")
	} else {
		if registration, err = i.Host.GenerateCCKeys(ctx, i.Suite); err != nil {
			return 0, err
		}
		if err := checkSuite(registration, cmp.Or(i.Suite, string(keys.DefaultSuite))); err != nil {
			return 0, err
		}
		i.progress("KEY-2", "the enclave made the chaincode's keys and signed their registration")
	}
	var message pb.KeyRegistration
	if err := proto.Unmarshal(registration.GetMessage(), &message); err != nil {
		return 0, protocol.Errorf("KEY-2", protocol.CodeMalformed, "key registration: %w", err)
	}
	for _, known := range view.Provisioned {
		if proto.Equal(known, registration) {
			i.progress("KEY-3", "the keys are registered already")
			return message.Generation, nil
		}
	}
	if err := i.Registry.RegisterCCKeys(ctx, registration); err != nil {
		return 0, err
	}
	i.progress("KEY-3", fmt.Sprintf("registered the chaincode's key, generation %d", message.Generation))
	return message.Generation, nil
}

// checkSuite demands a key of the suite asked for, if any: one of another suite
// exists already, or the stub asked its enclave for another.
func checkSuite(registration *pb.Signed, want string) error {
	const step = "KEY-2"
	r, err := protocol.ParseKeyRegistration(step, registration)
	if err != nil {
		return err
	}
	if got := string(r.ChaincodeEK.Suite()); want != "" && got != want {
		return protocol.Errorf(step, protocol.CodeWrongSuite, "enclave %.12s holds a key of suite %s, asked for was %s", r.EnclaveID, got, want).
			WithHint("leave --suite out to keep the key; an enclave makes one key in its life: a new one needs a new state directory")
	}
	return nil
}

func (i Initialisation) progress(step, what string) {
	if i.Progress != nil {
		i.Progress(step, what)
	}
}

func (i Initialisation) received(step, from, what string) {
	if i.Trace != nil {
		i.Trace.Record(trace.Event{Step: step, From: from, To: "admin", What: what})
	}
}
