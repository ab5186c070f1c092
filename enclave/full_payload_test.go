// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// The payload is what a Fabric peer would make of the same accesses: same reads
// with same versions, same ranges, same order, decoded and encoded by the rules of
// package rwset.
func TestPayloadIsWhatAPeerWouldMake(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:b=1", "put:r1=1")
	at := w.Height() - 1 // the block that wrote them
	w.Submit("put:r2=2")
	own := w.EnclaveRule("OR('Org1MSP.enclave','Org2MSP.enclave')", full.Chaincode, full.Version)
	call := w.AskWith(w.Client(1), full.Heights{}, &fpc.ClearRequest{Args: append([][]byte{
		[]byte("get:b"), []byte("get:absent"), []byte("range:r..s"), []byte("first:r..s"), []byte("put:b=2"), []byte("put:a=1"), []byte("del:r1"), []byte("event:done"),
	}, append([]byte("policy:b="), signaturePolicy(t, own)...))})
	a := call.MustSend(w.Hosts[0])

	var b rwset.Builder
	v1, v2 := &rwset.Version{Block: at}, &rwset.Version{Block: at + 1}
	b.Read(full.Chaincode, "b", v1)
	b.Read(full.Chaincode, "absent", nil)
	rows := []rwset.Read{{Key: "r1", Version: v1}, {Key: "r2", Version: v2}}
	b.Range(full.Chaincode, rwset.Range{Start: "r", End: "s", Exhausted: true, Rows: rows})
	b.Range(full.Chaincode, rwset.Range{Start: "r", End: "r1", Rows: rows[:1]})
	b.Write(full.Chaincode, "b", written(t, a, "b"))
	b.Write(full.Chaincode, "a", written(t, a, "a"))
	b.Delete(full.Chaincode, "r1")
	b.Metadata(full.Chaincode, "b", map[string][]byte{peer.MetaDataKeys_VALIDATION_PARAMETER.String(): signaturePolicy(t, own)})
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	action := a.Endorsement.Action()
	if !bytes.Equal(action.ReadWriteSet, built.Public) {
		t.Errorf("read/write set:\ngot  %+v\nwant %+v", set(t, a), built.Set)
	}
	want, err := envelope.ResponsePayload(envelope.Result{
		ProposalHash: action.ProposalHash, ReadWriteSet: built.Public,
		Event: encode(t, &peer.ChaincodeEvent{
			ChaincodeId: full.Chaincode, TxId: call.TxID, EventName: "done", Payload: event(t, action.Event).GetPayload(),
		}),
		Response:    &peer.Response{Status: 200, Payload: encode(t, a.Endorsement.Result())},
		ChaincodeID: &peer.ChaincodeID{Name: full.Chaincode, Version: full.Version},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Endorsement.Payload(), want) {
		t.Errorf("payload:\ngot  %x\nwant %x", a.Endorsement.Payload(), want)
	}
	for _, clear := range []string{"the event's payload", "b=1;", "put:"} {
		if bytes.Contains(a.Endorsement.Payload(), []byte(clear)) {
			t.Errorf("%q stands in clear in the payload", clear)
		}
	}
	w.MustCommit(call.Transaction(call.All()...))
}

// Fabric's validation judges what the enclaves read: a version that is no longer
// the newest, a range in which a key is left out.
func TestWhatWasReadIsValidated(t *testing.T) {
	w := full.Start(t, script{})
	w.Submit("put:k=1", "put:r1=1", "put:r3=3")
	stale, phantom, gone := w.Ask("get:k", "put:x=1"), w.Ask("range:r..s", "put:y=1"), w.Ask("get:none", "put:z=1")
	staleAnswers, phantomAnswers, goneAnswers := stale.All(), phantom.All(), gone.All()
	w.Submit("put:k=2", "put:r2=2", "put:none=1")
	got := w.Commit(stale.Transaction(staleAnswers...), phantom.Transaction(phantomAnswers...), gone.Transaction(goneAnswers...))
	want := []peer.TxValidationCode{
		peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT, peer.TxValidationCode_MVCC_READ_CONFLICT,
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("transaction %d: got %s, want %s", i, got[i], want[i])
		}
	}
}

// Many rows are summarised as a peer does, and the ledger enclave proves them in
// several stretches.
func TestManyRowsAreSummarised(t *testing.T) {
	w := full.Start(t, script{})
	var put []string
	for i := range 250 {
		put = append(put, fmt.Sprintf("put:r%03d=%d", i, i))
	}
	w.Submit(put...)
	call := w.Ask("range:r..s", "put:x=1")
	all := call.All()
	r := set(t, all[0]).Namespaces[0].Ranges[0]
	if r.Summary == nil || len(r.Rows) != 0 || !r.Exhausted {
		t.Errorf("range of 250 rows: got %+v, want a summary", r)
	}
	w.MustCommit(call.Transaction(all...))
	w.Submit("del:r249")
	next := w.Ask("range:r..s", "put:x=2")
	w.MustCommit(next.Transaction(next.All()...))
}

func event(t testing.TB, raw []byte) *peer.ChaincodeEvent {
	t.Helper()
	m := &peer.ChaincodeEvent{}
	if err := protocol.UnmarshalFabric("test", "event", raw, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Two enclaves with the same keys give byte-identical payloads, whatever the
// chaincode does, while other transactions write the same keys all the time: at
// one head always, and at different ones if what was read is the same.
func TestEnclavesAgree(t *testing.T) {
	w := full.Start(t, script{})
	invocations := 0
	rapid.Check(t, func(t *rapid.T) {
		if t.Failed() {
			return
		}
		for range 10 {
			invocations++
			call := w.Ask(randomScript(t)...)
			one := call.MustSend(w.Hosts[0])
			between := rapid.SampledFrom([]string{"nothing", "other", "same"}).Draw(t, "written between the two")
			switch between {
			case "other":
				w.Submit("put:unread=1")
			case "same":
				w.Submit(fmt.Sprintf("put:k%d=w", rapid.IntRange(0, 3).Draw(t, "k")), fmt.Sprintf("put:r%d=w", rapid.IntRange(0, 7).Draw(t, "r")))
			}
			two := call.MustSend(w.Hosts[1])
			sameReads := bytes.Equal(readsOf(t, one), readsOf(t, two))
			if between != "same" && !sameReads {
				t.Fatalf("reads differ though nothing that was read was written")
			}
			same := bytes.Equal(one.Endorsement.Payload(), two.Endorsement.Payload())
			if same != sameReads {
				t.Fatalf("equal reads: %v, equal payloads: %v; heads %d and %d", sameReads, same, one.Endorsement.Head().GetHeight(), two.Endorsement.Head().GetHeight())
			}
			if rapid.Bool().Draw(t, "commit") && same {
				w.Commit(call.Transaction(one, two))
			}
		}
	})
	if invocations < 1000 {
		t.Errorf("compared %d invocations, want 1000 or more", invocations)
	}
}

// randomScript draws what a chaincode does over a few hot keys.
func randomScript(t *rapid.T) []string {
	key := rapid.SampledFrom([]string{"k0", "k1", "k2", "k3", "r0", "r2", "r4", "r7"})
	var out []string
	for range rapid.IntRange(1, 6).Draw(t, "steps") {
		switch rapid.IntRange(0, 5).Draw(t, "step") {
		case 0:
			out = append(out, "get:"+key.Draw(t, "key"))
		case 1:
			out = append(out, "put:"+key.Draw(t, "key")+"="+rapid.StringMatching(`[a-z]{1,40}`).Draw(t, "value"))
		case 2:
			out = append(out, "del:"+key.Draw(t, "key"))
		case 3:
			out = append(out, "range:r..s")
		case 4:
			out = append(out, "first:"+key.Draw(t, "start")+"..s")
		case 5:
			out = append(out, "event:e")
		}
	}
	return out
}

// readsOf returns an answer's reads with their versions, serialised.
func readsOf(t *rapid.T, a *full.Answer) []byte {
	s, err := rwset.Parse(a.Endorsement.Action().ReadWriteSet)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Namespaces {
		s.Namespaces[i].Writes, s.Namespaces[i].Metadata = nil, nil
		if n := s.Namespaces[i]; len(n.Reads)+len(n.Ranges) == 0 {
			return nil
		}
	}
	b, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
