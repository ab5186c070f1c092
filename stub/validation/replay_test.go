// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package validation_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/fpctest/scene"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/stub/validation"
)

// Stale reads and altered ranges: what a lying host showed the enclave (attacks
// 3 and 4), or what changed since.
func TestReplayRefusals(t *testing.T) {
	row := func(key string) *fpc.Read { return read(key, "sealed "+key) }
	for name, test := range map[string]struct {
		rw   *fpc.ReadWriteSet
		want protocol.Code
	}{
		"attack 3: an older value": {&fpc.ReadWriteSet{Reads: []*fpc.Read{read("a", "sealed before")}}, protocol.CodeStaleRead},
		"claimed absent":           {&fpc.ReadWriteSet{Reads: []*fpc.Read{read("a", "")}}, protocol.CodeStaleRead},
		"claimed present":          {&fpc.ReadWriteSet{Reads: []*fpc.Read{read("z", "sealed z")}}, protocol.CodeStaleRead},
		"the second of two reads":  {&fpc.ReadWriteSet{Reads: []*fpc.Read{row("a"), read("b", "sealed before")}}, protocol.CodeStaleRead},
		"attack 4: a hidden row": {&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{
			{Start: "a", End: "d", Rows: []*fpc.Read{row("a"), row("c")}},
		}}, protocol.CodeAlteredRange},
		"attack 4: the last row hidden": {&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{
			{Start: "a", End: "d", Rows: []*fpc.Read{row("a"), row("b")}},
		}}, protocol.CodeAlteredRange},
		"attack 4: an added row": {&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{
			{Start: "a", End: "d", Rows: []*fpc.Read{row("a"), row("b"), row("c"), row("cc")}},
		}}, protocol.CodeAlteredRange},
		"attack 4: all rows hidden": {&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{{Start: "a", End: "d"}}}, protocol.CodeAlteredRange},
		"an older value in a range": {&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{
			{Start: "a", End: "b", Rows: []*fpc.Read{read("a", "sealed before")}},
		}}, protocol.CodeAlteredRange},
		"another policy of a key": {&fpc.ReadWriteSet{MetadataReads: []*fpc.MetadataRead{
			{Key: "a", Hash: protocol.MetadataHash([]byte("policy"))},
		}}, protocol.CodeStaleRead},
		"read the marker":              {&fpc.ReadWriteSet{Reads: []*fpc.Read{read(protocol.MarkerKey("x"), "")}}, protocol.CodeReservedKey},
		"range over markers":           {&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{{Start: protocol.ReservedPrefix, End: "\x00g"}}}, protocol.CodeReservedKey},
		"row of a marker":              {&fpc.ReadWriteSet{Ranges: []*fpc.RangeRead{{Start: "\x00", End: "\x01", Rows: []*fpc.Read{read(protocol.MarkerKey("x"), "1")}}}}, protocol.CodeReservedKey},
		"attack 6: write the marker":   {&fpc.ReadWriteSet{Writes: []*fpc.Write{put(protocol.MarkerKey("x"))}}, protocol.CodeReservedKey},
		"attack 6: delete the marker":  {&fpc.ReadWriteSet{Writes: []*fpc.Write{{Key: protocol.MarkerKey("x"), IsDelete: true}}}, protocol.CodeReservedKey},
		"read the marker's policy":     {&fpc.ReadWriteSet{MetadataReads: []*fpc.MetadataRead{{Key: protocol.MarkerKey("x")}}}, protocol.CodeReservedKey},
		"set a policy for the marker":  {&fpc.ReadWriteSet{MetadataWrites: []*fpc.MetadataWrite{{Key: protocol.MarkerKey("x")}}}, protocol.CodeReservedKey},
		"other key of FPC's own types": {&fpc.ReadWriteSet{Writes: []*fpc.Write{put(protocol.ReservedPrefix + "later\x00")}}, protocol.CodeReservedKey},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			for _, key := range []string{"a", "b", "c"} {
				s.cc.Put(key, []byte("sealed "+key))
			}
			test.rw.Writes = append(test.rw.Writes, put("k"))
			s.refused(t, s.client.Creator(), s.result(test.rw), test.want)
		})
	}
}

func TestAttack06ReplayedResponse(t *testing.T) {
	s := newStage(t)
	signed := s.proposal(nil, s.client)
	first := s.enclave.Result(signed, &fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}})
	scene.Accepted(t, s.submit(s.client.Creator(), s.enclave.Sign(first)))
	t.Run("the same response", func(t *testing.T) {
		s.refused(t, s.client.Creator(), s.enclave.Sign(first), protocol.CodeConsumed)
	})
	t.Run("another run of the same proposal", func(t *testing.T) {
		second := s.enclave.Result(signed, &fpc.ReadWriteSet{Writes: []*fpc.Write{put("other")}})
		s.refused(t, s.client.Creator(), s.enclave.Sign(second), protocol.CodeConsumed)
	})
}

func TestAttack08AlteredResponse(t *testing.T) {
	s := newStage(t)
	rw := func() *fpc.ReadWriteSet {
		return &fpc.ReadWriteSet{Reads: []*fpc.Read{read("a", "")}, Writes: []*fpc.Write{put("k")}}
	}
	other := s.proposal(nil, s.client)
	for name, alter := range map[string]func(m *fpc.EnclaveResponse){
		"proposal":           func(m *fpc.EnclaveResponse) { m.SignedProposal = encode(t, other) },
		"request":            func(m *fpc.EnclaveResponse) { m.RequestHash[0] ^= 1 },
		"encrypted response": func(m *fpc.EnclaveResponse) { m.EncryptedResponse[0] ^= 1 },
		"event added":        func(m *fpc.EnclaveResponse) { m.Event = &fpc.Event{Name: "e"} },
		"read":               func(m *fpc.EnclaveResponse) { m.Rwset.Reads[0].Key = "b" },
		"write":              func(m *fpc.EnclaveResponse) { m.Rwset.Writes[0].Value[0] ^= 1 },
		"write added":        func(m *fpc.EnclaveResponse) { m.Rwset.Writes = append(m.Rwset.Writes, put("z")) },
		"transaction id":     func(m *fpc.EnclaveResponse) { m.TxId = fpctest.OtherHex(m.TxId) },
		"generation":         func(m *fpc.EnclaveResponse) { m.Generation++ },
		"exec":               func(m *fpc.EnclaveResponse) { m.Exec[0] ^= 1 },
		"kind":               func(m *fpc.EnclaveResponse) { m.Kind = fpc.EnclaveResponse_ERROR },
		"unknown kind":       func(m *fpc.EnclaveResponse) { m.Kind = 7 },
	} {
		t.Run(name, func(t *testing.T) {
			response, message := &fpc.Response{}, &fpc.EnclaveResponse{}
			decode(t, s.result(rw()), response)
			decode(t, response.GetResponse(), message)
			alter(message)
			response.Response = encode(t, message)
			s.refused(t, s.client.Creator(), encode(t, response), protocol.CodeBadSignature)
		})
	}
	t.Run("enclave id", func(t *testing.T) {
		m := s.enclave.Result(other, rw())
		m.EnclaveId = s.NewEnclave(scene.Org1).ID()
		s.refused(t, s.client.Creator(), s.enclave.Sign(m), protocol.CodeWrongEnclave)
	})
	t.Run("signature of another enclave", func(t *testing.T) {
		m := s.enclave.Result(other, rw())
		s.refused(t, s.client.Creator(), s.NewEnclave(scene.Org1).Sign(m), protocol.CodeBadSignature)
	})
}

// The writes of a chaincode that failed are not committed, whatever the host
// makes of the error that the enclave signed.
func TestAttack20PartialWritesOfAFailure(t *testing.T) {
	s := newStage(t)
	rw := &fpc.ReadWriteSet{Writes: []*fpc.Write{put("k")}}
	failure := func() *fpc.EnclaveResponse {
		m := s.enclave.Result(s.proposal(nil, s.client), nil)
		m.Kind, m.SignedProposal = fpc.EnclaveResponse_ERROR, nil
		return m
	}
	t.Run("the error itself", func(t *testing.T) {
		s.refused(t, s.client.Creator(), s.enclave.Sign(failure()), protocol.CodeErrorResponse)
	})
	t.Run("an error that carries writes", func(t *testing.T) {
		m := failure()
		m.Rwset = rw
		s.refused(t, s.client.Creator(), s.enclave.Sign(m), protocol.CodeBadResponse)
	})
	t.Run("a result signed as an error", func(t *testing.T) {
		m := s.enclave.Result(s.proposal(nil, s.client), rw)
		_ = s.enclave.Sign(m) // fills exec in
		s.refused(t, s.client.Creator(), s.enclave.SignAs(keys.LabelError, m), protocol.CodeBadSignature)
	})
}

// A peer that fails in the middle leaves nothing behind: every failure is a
// refusal, and refusals are not endorsed.
func TestPeerFailures(t *testing.T) {
	s := newStage(t)
	s.cc.Put("a", []byte("sealed a"))
	rw := &fpc.ReadWriteSet{
		Reads:          []*fpc.Read{read("a", "sealed a")},
		Ranges:         []*fpc.RangeRead{{Start: "a", End: "b", Rows: []*fpc.Read{read("a", "sealed a")}}},
		Writes:         []*fpc.Write{put("k"), {Key: "a", IsDelete: true}},
		MetadataReads:  []*fpc.MetadataRead{{Key: "a"}},
		MetadataWrites: []*fpc.MetadataWrite{{Key: "a"}},
	}
	m := s.enclave.Result(s.proposal(nil, s.client), rw)
	m.Event = &fpc.Event{Name: "e"}
	claim, err := validation.Parse(s.enclave.Sign(m))
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := s.known.Verify(claim, validation.Outer{ChannelID: scene.ChannelID, Chaincode: scene.Chaincode, Creator: s.client.Creator()}, s.view)
	if err != nil {
		t.Fatal(err)
	}
	steps := []string{"GetMultipleStates", "GetRawStateByRange", "GetStateValidationParameter", "PutState", "DelState", "SetStateValidationParameter", "SetEvent"}
	for _, step := range append(steps, "none") {
		t.Run(step, func(t *testing.T) {
			err := endorsement.Replay(&failing{State: s.cc.NewStub(shimTx(s)), step: step})
			if step == "none" {
				if err != nil {
					t.Fatalf("got error %v, want none", err)
				}
				return
			}
			if got := protocol.CodeOf(err); got != protocol.CodeInternal || !errors.Is(err, errPeer) {
				t.Errorf("got error %v with code %s, want the peer's with code internal", err, got)
			}
		})
	}
}

var errPeer = errors.New("the peer is tired")

// failing is a peer that fails at one kind of request.
type failing struct {
	validation.State
	step string
}

func (f *failing) at(step string) error {
	if f.step == step {
		return errPeer
	}
	return nil
}

func (f *failing) GetMultipleStates(keys ...string) ([][]byte, error) {
	if err := f.at("GetMultipleStates"); err != nil {
		return nil, err
	}
	return f.State.GetMultipleStates(keys...)
}

func (f *failing) GetRawStateByRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	if err := f.at("GetRawStateByRange"); err != nil {
		return nil, err
	}
	return f.State.GetRawStateByRange(start, end)
}

func (f *failing) GetStateValidationParameter(key string) ([]byte, error) {
	if err := f.at("GetStateValidationParameter"); err != nil {
		return nil, err
	}
	return f.State.GetStateValidationParameter(key)
}

func (f *failing) PutState(string, []byte) error { return f.at("PutState") }
func (f *failing) DelState(string) error         { return f.at("DelState") }

func (f *failing) SetStateValidationParameter(string, []byte) error {
	return f.at("SetStateValidationParameter")
}

func (f *failing) SetEvent(string, []byte) error { return f.at("SetEvent") }

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t testing.TB, b []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
}
