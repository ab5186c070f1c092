// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package validation_test

import (
	"crypto/sha256"
	"maps"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/shimtest"
	"github.com/privatechaincode/fpc/stub/validation"
)

// stage is a private chaincode's state, and an enclave and a client of it.
type stage struct {
	*scene.Scene
	enclave *scene.Enclave
	client  *fpctest.Member
	view    *fpc.ValidationView
	known   validation.Known
	cc      *shimtest.Chaincode
}

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{Scene: scene.New(t)}
	s.enclave = s.NewEnclave(scene.Org1)
	s.client = s.Orgs[scene.Org2].Client()
	s.view = s.enclave.View()
	s.cc = s.Ledger.Deploy(scene.Chaincode, s)
	return s
}

// Init does nothing.
func (s *stage) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke validates its argument as a stub does, against the stage's view.
func (s *stage) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	creator, err := stub.GetCreator()
	if err != nil {
		return shim.Error(err.Error())
	}
	claim, err := validation.Parse(stub.GetArgs()[0])
	if err != nil {
		return shim.Error(err.Error())
	}
	endorsement, err := s.known.Verify(claim, validation.Outer{ChannelID: scene.ChannelID, Chaincode: scene.Chaincode, Creator: creator}, s.view)
	if err != nil {
		return shim.Error(err.Error())
	}
	if err := endorsement.Replay(stub.(validation.State)); err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(nil)
}

// proposal returns what the client signs; lie may change it before.
func (s *stage) proposal(lie func(*envelope.Request), signer msp.Signer) *peer.SignedProposal {
	request := s.Request(s.client.Creator(), []byte("ccreq_msg"))
	if lie != nil {
		lie(&request)
	}
	return s.Proposal(request, signer)
}

// result returns a signed result with this read/write set.
func (s *stage) result(rw *fpc.ReadWriteSet) []byte {
	return s.enclave.Sign(s.enclave.Result(s.proposal(nil, s.client), rw))
}

func (s *stage) submit(creator, ccrsp []byte) shimtest.Result {
	return s.cc.Submit(shimtest.Tx{Creator: creator, Args: [][]byte{ccrsp}})
}

func (s *stage) state() map[string]string {
	all := map[string]string{}
	for _, key := range s.cc.Keys() {
		all[key] = string(s.cc.Get(key))
	}
	return all
}

// refused asserts the code, and that nothing was written.
func (s *stage) refused(t *testing.T, creator, ccrsp []byte, want protocol.Code) {
	t.Helper()
	before := s.state()
	simulation := s.cc.Simulate(shimtest.Tx{Creator: creator, Args: [][]byte{ccrsp}})
	scene.Code(t, simulation.Result, want)
	if err := simulation.Commit(); err == nil {
		t.Error("a refusal was endorsed")
	}
	if after := s.state(); !maps.Equal(before, after) {
		t.Errorf("a refusal wrote: before %q, after %q", before, after)
	}
}

func put(key string) *fpc.Write { return &fpc.Write{Key: key, Value: []byte("sealed " + key)} }

func read(key, value string) *fpc.Read {
	return &fpc.Read{Key: key, ValueHash: protocol.ValueHash([]byte(value))}
}

func TestResultIsReplayed(t *testing.T) {
	s := newStage(t)
	for _, key := range []string{"a", "b", "c", "old"} {
		s.cc.Put(key, []byte("sealed "+key))
	}
	rw := &fpc.ReadWriteSet{
		Reads: []*fpc.Read{read("a", "sealed a"), read("absent", "")},
		Ranges: []*fpc.RangeRead{
			{Start: "a", End: "c\x00", Rows: []*fpc.Read{read("a", "sealed a"), read("b", "sealed b"), read("c", "sealed c")}},
			{Start: "x", End: "z"},
			{Start: "\x00", End: "\x00\U0010FFFF"}, // all composite keys: the marker is invisible
		},
		Writes:         []*fpc.Write{put("new"), {Key: "old", IsDelete: true}},
		MetadataReads:  []*fpc.MetadataRead{{Key: "a"}},
		MetadataWrites: []*fpc.MetadataWrite{{Key: "a", Policy: []byte("policy")}},
	}
	response := s.enclave.Result(s.proposal(nil, s.client), rw)
	response.Event = &fpc.Event{Name: "Closed", Payload: []byte("sealed event")}
	result := s.submit(s.client.Creator(), s.enclave.Sign(response))
	scene.Accepted(t, result)

	marker := protocol.MarkerKey(response.GetTxId())
	want := map[string]string{"a": "sealed a", "b": "sealed b", "c": "sealed c", "new": "sealed new"}
	got := s.state()
	if len(got[marker]) == 0 {
		t.Error("the transaction id was not consumed")
	}
	delete(got, marker)
	if !maps.Equal(got, want) {
		t.Errorf("state: got %q, want %q", got, want)
	}
	if e := result.Event; e.GetEventName() != "Closed" || string(e.GetPayload()) != "sealed event" {
		t.Errorf("event: got %v, want Closed with its sealed payload", e)
	}
	if policy, err := s.cc.NewStub(shimtest.Tx{}).GetStateValidationParameter("a"); string(policy) != "policy" {
		t.Errorf("policy of a: got %q and error %v, want the replayed one", policy, err)
	}
	again := s.result(&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{{Start: "\x00", End: "\x00\U0010FFFF"}}})
	scene.Accepted(t, s.submit(s.client.Creator(), again))
}

func TestLookupRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		lie  func(s *stage)
		want protocol.Code
	}{
		"unknown enclave":         {func(s *stage) { s.view.Credentials = nil }, protocol.CodeNotRegistered},
		"revoked enclave":         {func(s *stage) { s.view.Revoked = true }, protocol.CodeRevoked},
		"unprovisioned enclave":   {func(s *stage) { s.view.Provisioned = nil }, protocol.CodeNotProvisioned},
		"chaincode without a key": {func(s *stage) { s.view.ChaincodeKey = nil }, protocol.CodeNotProvisioned},
		"garbled credentials":     {func(s *stage) { s.view.Credentials.AttestedData = []byte("x") }, protocol.CodeMalformed},
		"another enclave's credentials": {func(s *stage) {
			s.view.Credentials = s.NewEnclave(scene.Org1).Credentials()
		}, protocol.CodeWrongEnclave},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			test.lie(s)
			s.refused(t, s.client.Creator(), s.result(&fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}}), test.want)
		})
	}
}

func TestPlaceAndKeyRefusals(t *testing.T) {
	other := sha256.Sum256([]byte("other"))
	for name, test := range map[string]struct {
		lie  func(s *stage, m *fpc.EnclaveResponse)
		want protocol.Code
	}{
		"channel's name":         {func(_ *stage, m *fpc.EnclaveResponse) { m.CcParams.ChannelId = "other" }, protocol.CodeWrongChannel},
		"channel's hash":         {func(_ *stage, m *fpc.EnclaveResponse) { m.ChannelHash = other[:] }, protocol.CodeWrongChannel},
		"chaincode":              {func(_ *stage, m *fpc.EnclaveResponse) { m.CcParams.ChaincodeId = "other" }, protocol.CodeWrongChaincode},
		"version":                {func(_ *stage, m *fpc.EnclaveResponse) { m.CcParams.Version = "fpc-former" }, protocol.CodeWrongVersion},
		"version since upgraded": {func(s *stage, _ *fpc.EnclaveResponse) { s.view.Definition.Version = "fpc-next" }, protocol.CodeWrongVersion},
		"older generation":       {func(s *stage, _ *fpc.EnclaveResponse) { s.view.ChaincodeKey.Generation = 2 }, protocol.CodeWrongGeneration},
		"another Chaincode_EK":   {func(_ *stage, m *fpc.EnclaveResponse) { m.ChaincodeEkId = other[:] }, protocol.CodeUnknownKey},
		"transaction id":         {func(_ *stage, m *fpc.EnclaveResponse) { m.TxId = keys.TxID(other).String() }, protocol.CodeBadTxID},
		"request hash":           {func(_ *stage, m *fpc.EnclaveResponse) { m.RequestHash = other[:] }, protocol.CodeRequestHash},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			m := s.enclave.Result(s.proposal(nil, s.client), &fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}})
			test.lie(s, m)
			s.refused(t, s.client.Creator(), s.enclave.Sign(m), test.want)
		})
	}
}

// A new sequence that changes only the policy strands no result.
func TestAttack28NewSequenceOfTheSameVersion(t *testing.T) {
	s := newStage(t)
	ccrsp := s.result(&fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}})
	s.view.Definition.Sequence++
	scene.Accepted(t, s.submit(s.client.Creator(), ccrsp))
}

func TestInnerProposalRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		lie    func(r *envelope.Request)
		signer func(s *stage) msp.Signer
		want   protocol.Code
	}{
		"another channel":   {lie: func(r *envelope.Request) { r.ChannelID = "other" }, want: protocol.CodeWrongChannel},
		"another chaincode": {lie: func(r *envelope.Request) { r.Chaincode = "other" }, want: protocol.CodeWrongChaincode},
		"transient data":    {lie: func(r *envelope.Request) { r.Transient = map[string][]byte{"k": nil} }, want: protocol.CodeTransientData},
		"another function":  {lie: func(r *envelope.Request) { r.Args[0] = []byte("initEnclave") }, want: protocol.CodeBadArguments},
		"a third argument":  {lie: func(r *envelope.Request) { r.Args = append(r.Args, r.Args[1]) }, want: protocol.CodeBadArguments},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ccrsp := s.enclave.Sign(s.enclave.Result(s.proposal(test.lie, s.client), &fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}}))
			s.refused(t, s.client.Creator(), ccrsp, test.want)
		})
	}
}

func TestForgedInnerSignature(t *testing.T) {
	for name, test := range map[string]struct {
		forge func(t *testing.T, s *stage, p *peer.SignedProposal)
		want  protocol.Code
	}{
		"not signed": {func(_ *testing.T, _ *stage, p *peer.SignedProposal) { p.Signature = nil }, protocol.CodeMalformed},
		"altered":    {func(_ *testing.T, _ *stage, p *peer.SignedProposal) { p.Signature[len(p.Signature)-1] ^= 1 }, protocol.CodeBadSignature},
		"another member's": {func(t *testing.T, s *stage, p *peer.SignedProposal) {
			p.Signature = sign(t, s.Orgs[scene.Org2].Client("other"), p.GetProposalBytes())
		}, protocol.CodeBadSignature},
		"high-S": {func(t *testing.T, _ *stage, p *peer.SignedProposal) {
			p.Signature = fpctest.HighS(t, p.GetSignature())
		}, protocol.CodeBadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			signed := s.proposal(nil, s.client)
			m := s.enclave.Result(signed, &fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}})
			test.forge(t, s, signed)
			var err error
			if m.SignedProposal, err = proto.Marshal(signed); err != nil {
				t.Fatal(err)
			}
			s.refused(t, s.client.Creator(), s.enclave.Sign(m), test.want)
		})
	}
}

func TestOuterCreatorIsAnother(t *testing.T) {
	s := newStage(t)
	ccrsp := s.result(&fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}})
	s.refused(t, s.Orgs[scene.Org3].Client().Creator(), ccrsp, protocol.CodeOtherCreator)
	scene.Accepted(t, s.submit(s.client.Creator(), ccrsp))
}

// What is known of an enclave's keys and of a creator says nothing of whether
// they may: a revocation counts for the next transaction, and signatures are
// verified each time.
func TestKnownIsNoVerdict(t *testing.T) {
	s := newStage(t)
	good := s.result(&fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}})
	scene.Accepted(t, s.submit(s.client.Creator(), good))
	t.Run("signature of another enclave", func(t *testing.T) {
		m := s.enclave.Result(s.proposal(nil, s.client), &fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}})
		s.refused(t, s.client.Creator(), s.NewEnclave(scene.Org1).Sign(m), protocol.CodeBadSignature)
	})
	t.Run("revoked since", func(t *testing.T) {
		s.view.Revoked = true
		s.refused(t, s.client.Creator(), s.result(&fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}}), protocol.CodeRevoked)
	})
}
