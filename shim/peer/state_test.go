// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/privatechaincode/fpc/internal/pb/common"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

func TestState(t *testing.T) {
	p := run(t, map[string]string{"k": "v", "colk": "pv", "old": "x"}, nil, func(stub shim.ChaincodeStubInterface) error {
		return errors.Join(
			wantValue("GetState", "v")(stub.GetState("k")),
			wantValue("GetState of nothing", "")(stub.GetState("none")),
			wantValue("GetPrivateData", "pv")(stub.GetPrivateData("col", "k")),
			wantValue("GetPrivateDataHash", "pv")(stub.GetPrivateDataHash("col", "k")),
			stub.PutState("new", []byte("n")),
			stub.DelState("old"),
			stub.PutPrivateData("col", "p", []byte("q")),
			stub.DelPrivateData("col", "k"),
			stub.PurgePrivateData("col", "k"),
			stub.SetStateValidationParameter("k", []byte("policy")),
			wantValue("policy", "policy")(stub.GetStateValidationParameter("k")),
			stub.SetPrivateDataValidationParameter("col", "p", []byte("policy2")),
			wantValue("private policy", "policy2")(stub.GetPrivateDataValidationParameter("col", "p")),
			wantValue("no policy", "")(stub.GetStateValidationParameter("new")),
		)
	})
	want := map[string]string{"k": "v", "new": "n", "colp": "q"}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !maps.Equal(p.state, want) {
		t.Errorf("state %v, want %v", p.state, want)
	}
}

func TestBadRequestsDoNotReachThePeer(t *testing.T) {
	p := run(t, nil, nil, func(stub shim.ChaincodeStubInterface) error {
		_, err1 := stub.GetPrivateData("", "k")
		_, err2 := stub.GetPrivateDataByRange("", "a", "b")
		_, err3 := stub.GetStateByRange("\x00a", "")
		_, err4 := stub.GetStateByPartialCompositeKey("\xff", nil)
		return errors.Join(
			wantError("PutState", stub.PutState("", nil), shim.ErrEmptyKey),
			wantError("PutPrivateData", stub.PutPrivateData("", "k", nil), shim.ErrEmptyCollection),
			wantError("PutPrivateData", stub.PutPrivateData("c", "", nil), shim.ErrEmptyKey),
			wantError("SetEvent", stub.SetEvent("", nil), shim.ErrEmptyEventName),
			wantError("GetPrivateData", err1, shim.ErrEmptyCollection),
			wantError("GetPrivateDataByRange", err2, shim.ErrEmptyCollection),
			wantError("GetStateByRange", err3, nil),
			wantError("GetStateByPartialCompositeKey", err4, nil),
		)
	})
	if len(p.kinds) != 0 {
		t.Errorf("the peer got %v, want nothing", p.kinds)
	}
}

func TestRefusals(t *testing.T) {
	run(t, nil, nil, func(stub shim.ChaincodeStubInterface) error {
		_, err := stub.GetState("refused")
		var refusal *peer.PeerError
		if !errors.As(err, &refusal) || refusal.Request != "GET_STATE" || err.Error() != "GET_STATE failed: because" {
			return fmt.Errorf("GetState: error %v, want the peer's refusal", err)
		}
		if _, err := stub.GetQueryResult("{}"); !errors.As(err, &refusal) {
			return fmt.Errorf("GetQueryResult: error %v, want the peer's refusal", err)
		}
		return nil
	})
}

func TestRanges(t *testing.T) {
	for _, n := range []int{0, 1, 100, 101, 250} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p := run(t, numbered(n), nil, func(stub shim.ChaincodeStubInterface) error {
				rows, err := stub.GetStateByRange("", "")
				if err != nil {
					return err
				}
				got, err := drain(rows)
				if err != nil || len(got) != n || !slices.IsSorted(got) {
					return fmt.Errorf("%d keys, error %v, want %d in order", len(got), err, n)
				}
				if _, err := rows.Next(); !errors.Is(err, shim.ErrNoMoreRows) {
					return fmt.Errorf("Next after the last: %v, want %v", err, shim.ErrNoMoreRows)
				}
				return errors.Join(rows.Close(), rows.Close())
			})
			if got, want := p.count(pb.ChaincodeMessage_QUERY_STATE_NEXT), max(0, (n-1)/100); got != want {
				t.Errorf("%d times QUERY_STATE_NEXT, want %d", got, want)
			}
			if len(p.open) != 0 || len(p.closed) != 0 {
				t.Errorf("open %d, closed %v, want none: the peer forgets a range read to its end", len(p.open), p.closed)
			}
		})
	}
}

func TestRangeClosedEarly(t *testing.T) {
	p := run(t, numbered(250), nil, func(stub shim.ChaincodeStubInterface) error {
		rows, err := stub.GetStateByRange("", "")
		if err != nil {
			return err
		}
		if _, err := rows.Next(); err != nil {
			return err
		}
		err = errors.Join(rows.Close(), rows.Close())
		if rows.HasNext() {
			return errors.New("a row is left after Close")
		}
		return err
	})
	if len(p.closed) != 1 || len(p.open) != 0 {
		t.Errorf("closed %v, open %d, want one closed and none open", p.closed, len(p.open))
	}
}

func TestPages(t *testing.T) {
	run(t, numbered(250), nil, func(stub shim.ChaincodeStubInterface) error {
		var sizes []int32
		bookmark := ""
		for {
			rows, page, err := stub.GetStateByRangeWithPagination("", "", 120, bookmark)
			if err != nil {
				return err
			}
			keys, err := drain(rows)
			if err != nil || len(keys) != int(page.GetFetchedRecordsCount()) {
				return fmt.Errorf("%d keys, error %v, want %d", len(keys), err, page.GetFetchedRecordsCount())
			}
			sizes = append(sizes, page.GetFetchedRecordsCount())
			if bookmark = page.GetBookmark(); bookmark == "" {
				break
			}
		}
		if want := []int32{120, 120, 10}; !slices.Equal(sizes, want) {
			return fmt.Errorf("page sizes %v, want %v", sizes, want)
		}
		return nil
	})
}

func TestCompositeRanges(t *testing.T) {
	key := func(a, b string) string {
		k, err := shim.CreateCompositeKey("owner", []string{a, b})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	state := map[string]string{key("alice", "1"): "x", key("alice", "2"): "x", key("bob", "1"): "x", "simple": "x"}
	run(t, state, nil, func(stub shim.ChaincodeStubInterface) error {
		rows, err := stub.GetStateByPartialCompositeKey("owner", []string{"alice"})
		err = wantKeys("of alice", rows, err, key("alice", "1"), key("alice", "2"))
		page, _, pageErr := stub.GetStateByPartialCompositeKeyWithPagination("owner", nil, 1, "")
		err = errors.Join(err, wantKeys("first of a type", page, pageErr, key("alice", "1")))
		all, _, allErr := stub.GetAllStatesCompositeKeyWithPagination(10, "")
		err = errors.Join(err, wantKeys("all composite", all, allErr, key("alice", "1"), key("alice", "2"), key("bob", "1")))
		raw, rawErr := stub.(shim.RawRangeStub).GetRawStateByRange(key("alice", "2"), "t")
		return errors.Join(err, wantKeys("raw", raw, rawErr, key("alice", "2"), key("bob", "1"), "simple"))
	})
}

func TestHistory(t *testing.T) {
	run(t, nil, nil, func(stub shim.ChaincodeStubInterface) error {
		entries, err := stub.GetHistoryForKey("k")
		if err != nil {
			return err
		}
		entry, err := entries.Next()
		if err != nil || string(entry.GetValue()) != "was k" || entry.GetTxId() != "older" || entries.HasNext() {
			return fmt.Errorf("history entry %v, error %v, want one of older", entry, err)
		}
		return entries.Close()
	})
}

func TestInvokeChaincode(t *testing.T) {
	run(t, nil, nil, func(stub shim.ChaincodeStubInterface) error {
		for _, test := range []struct {
			name, channel string
			status        int32
			message       string
		}{
			{"other", "", shim.OK, "other"},
			{"other", "ch2", shim.OK, "other/ch2"},
			{"missing", "", shim.ERROR, "INVOKE_CHAINCODE failed: chaincode missing not found"},
			{"broken", "", shim.ERROR, "broke"},
		} {
			got := stub.InvokeChaincode(test.name, [][]byte{[]byte("arg")}, test.channel)
			if got.GetStatus() != test.status || got.GetMessage() != test.message {
				return fmt.Errorf("%s on %q: %v, want status %d and %q", test.name, test.channel, got, test.status, test.message)
			}
		}
		return nil
	})
}

// TestInvocation: what the client's proposal says reaches the chaincode.
func TestInvocation(t *testing.T) {
	at := timestamppb.New(time.Unix(1700000000, 5))
	creator, nonce := []byte("the creator"), []byte("the nonce")
	p := connect(t, script(func(stub shim.ChaincodeStubInterface) error {
		gotCreator, _ := stub.GetCreator()
		gotTransient, _ := stub.GetTransient()
		gotBinding, _ := stub.GetBinding()
		gotTime, err := stub.GetTxTimestamp()
		gotProposal, _ := stub.GetSignedProposal()
		function, parameters := stub.GetFunctionAndParameters()
		for _, check := range []struct {
			what string
			ok   bool
		}{
			{"creator", bytes.Equal(gotCreator, creator)},
			{"transient", string(gotTransient["secret"]) == "s"},
			{"binding", bytes.Equal(gotBinding, shim.Binding(nonce, creator, 7))},
			{"timestamp", err == nil && proto.Equal(gotTime, at)},
			{"signed proposal", string(gotProposal.GetSignature()) == "signature"},
			{"decorations", string(stub.GetDecorations()["by"]) == "peer"},
			{"function", function == "f" && slices.Equal(parameters, []string{"x"})},
			{"ids", stub.GetTxID() == "tx1" && stub.GetChannelID() == "mychannel"},
		} {
			if !check.ok {
				return fmt.Errorf("wrong %s", check.what)
			}
		}
		return stub.SetEvent("happened", []byte("so"))
	}), nil)
	header := &common.Header{
		ChannelHeader:   p.encode(&common.ChannelHeader{Type: int32(common.HeaderType_ENDORSER_TRANSACTION), Timestamp: at, Epoch: 7}),
		SignatureHeader: p.encode(&common.SignatureHeader{Creator: creator, Nonce: nonce}),
	}
	proposal := p.encode(&pb.Proposal{
		Header:  p.encode(header),
		Payload: p.encode(&pb.ChaincodeProposalPayload{TransientMap: map[string][]byte{"secret": []byte("s")}}),
	})
	m := p.invoke("tx1", "f", "x")
	m.Proposal = &pb.SignedProposal{ProposalBytes: proposal, Signature: []byte("signature")}
	done := p.transact(m)
	if r := response(t, done); r.GetStatus() != shim.OK {
		t.Fatalf("the chaincode says %q", r.GetMessage())
	}
	if e := done.GetChaincodeEvent(); e.GetEventName() != "happened" || string(e.GetPayload()) != "so" {
		t.Errorf("event %v, want happened", e)
	}
}

func drain(rows shim.StateQueryIteratorInterface) ([]string, error) {
	var keys []string
	for rows.HasNext() {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		keys = append(keys, row.GetKey())
	}
	return keys, rows.Close()
}

func wantKeys(what string, rows shim.StateQueryIteratorInterface, err error, want ...string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	got, err := drain(rows)
	if err != nil || !slices.Equal(got, want) {
		return fmt.Errorf("%s: %q, error %v, want %q", what, got, err, want)
	}
	return nil
}

// wantValue checks what a getter returned; an empty want means nil.
func wantValue(what, want string) func([]byte, error) error {
	return func(got []byte, err error) error {
		if err != nil || string(got) != want || (want == "" && got != nil) {
			return fmt.Errorf("%s = %q (nil: %v), error %v, want %q", what, got, got == nil, err, want)
		}
		return nil
	}
}

// wantError checks an error; a nil want means any.
func wantError(what string, err, want error) error {
	if err == nil || (want != nil && !errors.Is(err, want)) {
		return fmt.Errorf("%s: error %v, want %v", what, err, want)
	}
	return nil
}
