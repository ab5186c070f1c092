// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package trust_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/client/clienttest"
	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fpctest"
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

func wantCode(t *testing.T, err error, want protocol.Code) {
	t.Helper()
	if got := protocol.CodeOf(err); got != want {
		t.Errorf("error %v has code %q, want %q", err, got, want)
	}
}

// check judges the world's registry view.
func check(t *testing.T, w *clienttest.World, policy trust.Policy, at time.Time) (*trust.Chaincode, error) {
	t.Helper()
	payload, err := protocol.MarshalRegistryView(w.View)
	if err != nil {
		t.Fatal(err)
	}
	return trust.Check(w.Pins, &policy, clienttest.Chaincode, &envelope.Result{
		Response: &peer.Response{Status: 200, Payload: payload}, ChaincodeID: &peer.ChaincodeID{Name: "ercc", Version: w.View.ErccVersion},
	}, at)
}

func TestCheckAcceptsAnHonestView(t *testing.T) {
	w := clienttest.New(t, 3)
	c, err := check(t, w, w.Trust(), clienttest.Noon)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Enclaves(); len(got) != 1 || got[0].ID != w.Enclave.VK.ID() || got[0].MSPID != "Org1MSP" || got[0].Peer != "peer1:7051" {
		t.Errorf("enclaves %+v, want the world's one at peer1:7051", got)
	}
	if c.ID() != clienttest.Chaincode || c.Generation() != 1 || !bytes.Equal(c.KeyID(), w.Enclave.EK.ID()) || c.Lineage().Custodies()[0].Platform != "sim" {
		t.Errorf("chaincode %s, generation %d, key %x, want %s, 1, %x with lineage sim", c.ID(), c.Generation(), c.KeyID(), clienttest.Chaincode, w.Enclave.EK.ID())
	}
}

// reattest makes the only enclave attest something else, as a genuine enclave of
// another kind or place would.
func reattest(edit func(*pb.AttestedData)) func(*clienttest.World) {
	return func(w *clienttest.World) {
		edit(w.Enclave.Attested)
		w.View.Credentials[0] = w.Enclave.Credentials(clienttest.CodeID, clienttest.Params())
	}
}

// reregister makes the only enclave sign something else about its key.
func reregister(edit func(*protocol.KeyRegistration)) func(*clienttest.World) {
	return func(w *clienttest.World) { w.View.Provisioned[0] = w.Enclave.Registration(edit) }
}

func repolicy(edit func(*protocol.RegistryPolicy)) func(*clienttest.World) {
	return func(w *clienttest.World) {
		p := w.Policy()
		edit(p)
		w.SetPolicy(p)
	}
}

func params(edit func(*guest.Params)) func(*clienttest.World) {
	return func(w *clienttest.World) {
		p := clienttest.Params()
		edit(&p)
		w.View.Credentials[0] = w.Enclave.Credentials(clienttest.CodeID, p)
	}
}

func TestCheckRefuses(t *testing.T) {
	tests := map[string]struct {
		edit func(*clienttest.World)
		want protocol.Code
	}{
		"policy of another version":   {func(w *clienttest.World) { w.View.Policy = append(w.View.Policy, ' ') }, protocol.CodeWrongPolicy},
		"no policy":                   {func(w *clienttest.World) { w.View.Policy = nil }, protocol.CodeWrongPolicy},
		"policy for another channel":  {repolicy(func(p *protocol.RegistryPolicy) { p.ChannelHash = zeros }), protocol.CodeWrongChannel},
		"policy with other roots":     {repolicy(func(p *protocol.RegistryPolicy) { p.MSPRootsHash = zeros }), protocol.CodeWrongMSP},
		"policy of fewer MSPs":        {repolicy(func(p *protocol.RegistryPolicy) { p.MSPIDs = p.MSPIDs[:2] }), protocol.CodeWrongMSP},
		"about another chaincode":     {func(w *clienttest.World) { w.View.Definition.ChaincodeId = "other" }, protocol.CodeWrongChaincode},
		"on another channel":          {func(w *clienttest.World) { w.View.Definition.ChannelId = "other" }, protocol.CodeWrongChannel},
		"no manifest":                 {func(w *clienttest.World) { w.View.CodeManifest = nil }, protocol.CodeNotRegistered},
		"manifest of another version": {func(w *clienttest.World) { w.View.Definition.Version = "fpc-0" }, protocol.CodeWrongVersion},
		"no key":                      {func(w *clienttest.World) { w.View.ChaincodeKey = nil }, protocol.CodeNotProvisioned},
		"malformed key":               {func(w *clienttest.World) { w.View.ChaincodeKey.ChaincodeEk.Suite = "rsa" }, protocol.CodeMalformed},
		"another key":                 {func(w *clienttest.World) { w.View.ChaincodeKey.ChaincodeEk = otherKey() }, protocol.CodeUnknownKey},
		"another generation":          {func(w *clienttest.World) { w.View.ChaincodeKey.Generation = 2 }, protocol.CodeWrongGeneration},
		"no enclave":                  {func(w *clienttest.World) { w.View.Credentials = nil }, protocol.CodeNotRegistered},
		"malformed credentials":       {func(w *clienttest.World) { w.View.Credentials[0].AttestedData = nil }, protocol.CodeMalformed},
		"revoked":                     {func(w *clienttest.World) { w.View.Revoked = []string{w.Enclave.VK.ID()} }, protocol.CodeRevoked},
		"unprovisioned":               {func(w *clienttest.World) { w.View.Provisioned = nil }, protocol.CodeNotProvisioned},
		"evidence for other data":     {func(w *clienttest.World) { w.View.Credentials[0].Evidence = otherEvidence(w) }, attest.CodeStatement},
		"evidence of no platform":     {func(w *clienttest.World) { w.View.Credentials[0].Evidence = nil }, attest.CodePlatform},
		"debug":                       {params(func(p *guest.Params) { p.Debug = true }), attest.CodeDebug},
		"expired":                     {params(func(p *guest.Params) { p.NotAfter = clienttest.Noon.Unix() - 1 }), attest.CodeExpired},
		"other code": {func(w *clienttest.World) {
			w.View.Credentials[0] = w.Enclave.Credentials([32]byte{1}, clienttest.Params())
		}, protocol.CodeNotInManifest},
		"enclave of another chaincode": {reattest(func(d *pb.AttestedData) { d.CcParams.ChaincodeId = "other" }), protocol.CodeWrongChaincode},
		"enclave of another version":   {reattest(func(d *pb.AttestedData) { d.CcParams.Version = "other" }), protocol.CodeWrongVersion},
		"enclave of another channel":   {reattest(func(d *pb.AttestedData) { d.CcParams.ChannelId = "other" }), protocol.CodeWrongChannel},
		"enclave of another genesis":   {reattest(func(d *pb.AttestedData) { d.ChannelHash = make([]byte, 32) }), protocol.CodeWrongChannel},
		"enclave with other MSPs":      {reattest(func(d *pb.AttestedData) { d.MspRootsHash = make([]byte, 32) }), protocol.CodeWrongMSP},
		"enclave with false MSPs":      {reattest(func(d *pb.AttestedData) { d.MspConfigHash = make([]byte, 32) }), trust.CodeOldConfig},
		"enclave of a stranger's host": {reattest(func(d *pb.AttestedData) { d.HostParams.MspId = "Org9MSP" }), protocol.CodeWrongMSP},
		"signed for another channel":   {reregister(func(r *protocol.KeyRegistration) { r.ChannelHash = make([]byte, 32) }), protocol.CodeWrongChannel},
		"signed for another version": {reregister(func(r *protocol.KeyRegistration) {
			r.CCParams = &pb.CCParameters{ChaincodeId: clienttest.Chaincode, ChannelId: clienttest.ChannelID}
		}), protocol.CodeWrongVersion},
		"signature broken": {func(w *clienttest.World) { w.View.Provisioned[0].Signature[9] ^= 1 }, protocol.CodeBadSignature},
		"lineage without its holder": {reregister(func(r *protocol.KeyRegistration) {
			r.Lineage = protocol.NewLineage(protocol.Custody{Platform: "tdx", TCB: 9})
		}), protocol.CodeLineage},
		"lineage below the policy": {reregister(func(r *protocol.KeyRegistration) { r.Lineage = r.Lineage.Union(debugLineage) }), protocol.CodeLineage},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := clienttest.New(t, 3)
			test.edit(w)
			c, err := check(t, w, w.Trust(), clienttest.Noon)
			if err == nil {
				t.Fatalf("accepted with enclaves %+v", c.Enclaves())
			}
			wantCode(t, err, test.want)
		})
	}
}

// A key set's lineage names its holder's own kind: one that leaves it out, but
// names what the client allows too, is refused.
func TestAttack29LineageWithoutItsHolder(t *testing.T) {
	w := clienttest.New(t, 3)
	policy := w.Trust()
	policy.Attestation.Platforms = maps.Clone(policy.Attestation.Platforms)
	policy.Attestation.Platforms["tdx"] = attest.PlatformPolicy{}
	if _, err := check(t, w, policy, clienttest.Noon); err != nil {
		t.Fatalf("with its holder: %v", err)
	}
	reregister(func(r *protocol.KeyRegistration) {
		r.Lineage = protocol.NewLineage(protocol.Custody{Platform: "tdx", TCB: 9})
	})(w)
	_, err := check(t, w, policy, clienttest.Noon)
	wantCode(t, err, protocol.CodeLineage)
}

// A key is as weak as the weakest that ever held it, whether or not this client
// would talk to that one, and whether or not it ever said that it took the key.
func TestAttack29HolderThatIsNotTrusted(t *testing.T) {
	other := strings.Repeat("ab", 32)
	registered := func(edit func(*protocol.KeyRegistration)) func(w *clienttest.World) {
		return func(w *clienttest.World) {
			w.View.Provisioned = append(w.View.Provisioned, w.Enclave.Registration(func(r *protocol.KeyRegistration) {
				r.EnclaveID, r.Lineage = other, debugLineage
				edit(r)
			}))
		}
	}
	exported := func(edit func(*protocol.KeyExport)) func(w *clienttest.World) {
		return func(w *clienttest.World) {
			x := protocol.KeyExport{
				CCParams: w.View.Definition, ChannelHash: w.Pins.ChannelHash(), Generation: 1, Sender: w.Enclave.VK.ID(), Receiver: other,
				ChaincodeEK: w.Enclave.EK, Lineage: debugLineage, EncryptedKeys: []byte("sealed"),
			}
			edit(&x)
			signed, err := protocol.SignKeyExport(w.Enclave.SK, x)
			if err != nil {
				t.Fatal(err)
			}
			w.View.Exported = append(w.View.Exported, signed)
		}
	}
	former, err := keys.ChaincodeEKFromPB(otherKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(*clienttest.World)
		want protocol.Code
	}{
		"a holder below the policy":     {registered(func(*protocol.KeyRegistration) {}), protocol.CodeLineage},
		"a receiver below the policy":   {exported(func(*protocol.KeyExport) {}), protocol.CodeLineage},
		"a holder of another key set":   {registered(func(r *protocol.KeyRegistration) { r.ChaincodeEK = former }), ""},
		"a receiver of another key set": {exported(func(x *protocol.KeyExport) { x.ChaincodeEK = former }), ""},
	} {
		w := clienttest.New(t, 3)
		c.edit(w)
		_, err := check(t, w, w.Trust(), clienttest.Noon)
		if got := protocol.CodeOf(err); got != c.want {
			t.Errorf("%s: got %v, want code %q", name, err, c.want)
		}
	}
}

// A host has the chaincode's key made of a suite that is classical only. Nothing is
// sealed to it, unless the client accepts that by name.
func TestAttack11ClassicalSuite(t *testing.T) {
	w := clienttest.New(t, 3)
	dk, err := keys.GenerateChaincodeDK(keys.SuiteX25519)
	if err != nil {
		t.Fatal(err)
	}
	if w.Enclave.EK, err = dk.Public(); err != nil {
		t.Fatal(err)
	}
	w.View.ChaincodeKey.ChaincodeEk = w.Enclave.EK.PB()
	reregister(func(*protocol.KeyRegistration) {})(w)
	policy := w.Trust()
	found, err := check(t, w, policy, clienttest.Noon)
	wantCode(t, err, protocol.CodeWrongSuite)
	if found != nil {
		t.Errorf("got a chaincode to seal to, key of %s, want none", found.Suite())
	}
	policy.Suites = append(trust.DefaultSuites(), keys.SuiteX25519)
	if found, err = check(t, w, policy, clienttest.Noon); err != nil || found.Suite() != keys.SuiteX25519 {
		t.Errorf("accepted by name: got %v, want a key of %s", err, keys.SuiteX25519)
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

var debugLineage = protocol.NewLineage(protocol.Custody{Platform: "sim", TCB: 1, Debug: true})

func otherKey() *pb.PublicKey {
	dk, err := keys.GenerateChaincodeDK(keys.SuiteMLKEM768P256)
	if err != nil {
		panic(err) // of a suite that every build has
	}
	ek, err := dk.Public()
	if err != nil {
		panic(err)
	}
	return ek.PB()
}

func otherEvidence(w *clienttest.World) *pb.Evidence {
	other := clienttest.NewEnclave(w, w.Orgs[0].MSPID, "p")
	return other.Credentials(clienttest.CodeID, clienttest.Params()).Evidence
}

// The client's own policy decides, whatever the organisations agreed on.
func TestClientsOwnPolicyDecides(t *testing.T) {
	w := clienttest.New(t, 3)
	good := w.Trust()
	tests := map[string]struct {
		policy trust.Policy
		at     time.Time
		want   protocol.Code
	}{
		"trusts nothing":        {trust.Policy{}, clienttest.Noon, attest.CodeNoPolicy},
		"hardware only":         {trust.Policy{Attestation: attest.Policy{Platforms: map[string]attest.PlatformPolicy{"sevsnp": {}}}, Verifiers: good.Verifiers}, clienttest.Noon, attest.CodePlatform},
		"no verifier":           {trust.Policy{Attestation: good.Attestation}, clienttest.Noon, attest.CodeNoVerifier},
		"higher TCB":            {trust.Policy{Attestation: attest.Policy{Platforms: map[string]attest.PlatformPolicy{"sim": {MinTCB: 2}}}, Verifiers: good.Verifiers}, clienttest.Noon, attest.CodeTCB},
		"another pinned code":   {trust.Policy{Attestation: good.Attestation, Verifiers: good.Verifiers, CodeIDs: []string{"sim:" + zeros}}, clienttest.Noon, trust.CodeNotPinned},
		"the pinned code":       {trust.Policy{Attestation: good.Attestation, Verifiers: good.Verifiers, CodeIDs: clienttest.Manifest().Entries()}, clienttest.Noon, ""},
		"another suite":         {trust.Policy{Attestation: good.Attestation, Verifiers: good.Verifiers, Suites: []keys.Suite{keys.SuiteMLKEM768X25519}}, clienttest.Noon, protocol.CodeWrongSuite},
		"later than validity":   {good, clienttest.Noon.Add(2 * time.Hour), attest.CodeExpired},
		"more holders":          {trust.Policy{Attestation: good.Attestation, Verifiers: good.Verifiers, MinHolders: 2}, clienttest.Noon, trust.CodeTooFewHolders},
		"earlier than validity": {good, clienttest.Noon.Add(-2 * time.Hour), attest.CodeNotYetValid},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := check(t, w, test.policy, test.at)
			wantCode(t, err, test.want)
		})
	}
}

// Attack row 28: an enclave whose platform was updated refreshes its credentials
// (REG-15) and keeps its keys; that it is in debug mode now must not pass as what
// its keys' lineage says.
func TestAttack28RefreshAtAnotherTCB(t *testing.T) {
	for _, tcb := range []uint32{0, 2} {
		w := clienttest.New(t, 3)
		params(func(p *guest.Params) { p.TCB = tcb })(w)
		if _, err := check(t, w, w.Trust(), clienttest.Noon); err != nil {
			t.Errorf("refreshed from TCB level 1 to %d: %v, want success", tcb, err)
		}
	}
	w := clienttest.New(t, 3)
	params(func(p *guest.Params) { p.Debug = true })(w)
	lenient := w.Trust()
	lenient.Attestation.Platforms = map[string]attest.PlatformPolicy{"sim": {AllowDebug: true}}
	_, err := check(t, w, lenient, clienttest.Noon)
	wantCode(t, err, protocol.CodeLineage)
}

// Attack row 10: who pins the configuration that revoked somebody does not trust
// an enclave that attested an older one, and still serves him.
func TestAttack10EnclaveOfAnOlderConfiguration(t *testing.T) {
	w := clienttest.New(t, 3)
	w.Orgs[1].Revoke(w.Orgs[1].Client("mallory"))
	newest := w.PinNext(channel.SetCRLs(w.Orgs[1].MSPID, w.Orgs[1].Config().GetRevocationList()...))
	_, err := check(t, w, w.Trust(), clienttest.Noon)
	wantCode(t, err, trust.CodeOldConfig)

	// After its refresh, to this configuration or to a later one, it is trusted.
	for sequence, hash := range map[uint64][]byte{1: newest, 2: make([]byte, 32)} {
		reattest(func(d *pb.AttestedData) { d.ConfigSequence, d.MspConfigHash = sequence, hash })(w)
		if _, err := check(t, w, w.Trust(), clienttest.Noon); err != nil {
			t.Errorf("refreshed to configuration %d: %v, want success", sequence, err)
		}
	}
}

// An enclave that is not trusted does not matter if another one is.
func TestUntrustedEnclavesAreLeftOut(t *testing.T) {
	w := clienttest.New(t, 3)
	bad := clienttest.NewEnclave(w, w.Orgs[1].MSPID, "p") // holds other keys
	w.View.Credentials = append([]*pb.Credentials{bad.Credentials(clienttest.CodeID, clienttest.Params())}, w.View.Credentials...)
	w.View.Provisioned = append([]*pb.Signed{bad.Registration(nil)}, w.View.Provisioned...)
	c, err := check(t, w, w.Trust(), clienttest.Noon)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Enclaves(); len(got) != 1 || got[0].ID != w.Enclave.VK.ID() {
		t.Errorf("enclaves %+v, want the one that holds the key", got)
	}
}

// The version that endorsers run is the one that the policy must hash to.
func TestPolicyIsBoundToTheRunningRegistry(t *testing.T) {
	w := clienttest.New(t, 3)
	payload, err := protocol.MarshalRegistryView(w.View)
	if err != nil {
		t.Fatal(err)
	}
	policy := w.Trust()
	_, err = trust.Check(w.Pins, &policy, clienttest.Chaincode, &envelope.Result{
		Response: &peer.Response{Payload: payload}, ChaincodeID: &peer.ChaincodeID{Name: "ercc", Version: "other"},
	}, clienttest.Noon)
	wantCode(t, err, protocol.CodeWrongPolicy)
}

func TestPins(t *testing.T) {
	org := fpctest.NewOrg(t, "Org1MSP")
	hash := make([]byte, 32)
	if _, err := trust.NewPins("", hash, org.Config()); err == nil {
		t.Error("pins without a channel were made")
	}
	if _, err := trust.NewPins("ch", hash[:31], org.Config()); err == nil {
		t.Error("pins with a short hash were made")
	}
	if _, err := trust.NewPins("ch", hash); err == nil {
		t.Error("pins without organisations were made")
	}
	if _, err := trust.NewPins("ch", hash, org.Config(), org.Config()); err == nil {
		t.Error("pins with one organisation twice were made")
	}
	w := clienttest.New(t, 2)
	if got := w.Pins.Majority(); got != 2 {
		t.Errorf("majority of two organisations is %d, want 2", got)
	}
	tampered := proto.CloneOf(w.Genesis)
	tampered.Data.Data[0] = append(tampered.Data.Data[0], 0)
	_, err := trust.PinBlocks(tampered, nil)
	wantCode(t, err, protocol.CodeMalformed)
}

func FuzzCheck(f *testing.F) {
	w := clienttest.New(f, 1)
	good, err := protocol.MarshalRegistryView(w.View)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{})
	policy := w.Trust()
	f.Fuzz(func(t *testing.T, payload []byte) {
		_, err := trust.Check(w.Pins, &policy, clienttest.Chaincode, &envelope.Result{
			Response: &peer.Response{Payload: payload}, ChaincodeID: &peer.ChaincodeID{Version: w.View.ErccVersion},
		}, clienttest.Noon)
		if err != nil && protocol.CodeOf(err) == "" {
			t.Fatalf("error %v has no code", err)
		}
	})
}
