// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	pb "github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

var modern = &pb.ChaincodeAdditionalParams{UseWriteBatch: true, MaxSizeWriteBatch: 3, UseGetMultipleKeys: true, MaxSizeGetMultipleKeys: 2}

// writeSome writes five keys, deletes one of them, and sets a policy.
func writeSome(stub shim.ChaincodeStubInterface) error {
	for i := range 5 {
		if err := stub.PutState(fmt.Sprintf("k%d", i), []byte("v")); err != nil {
			return err
		}
	}
	return errors.Join(stub.DelState("k0"), stub.SetStateValidationParameter("k1", []byte("policy")))
}

func TestWriteBatch(t *testing.T) {
	for _, test := range []struct {
		name   string
		params *pb.ChaincodeAdditionalParams
		script script
		sizes  []int // of the batches
		single int   // writes sent alone
	}{
		{
			name: "peer takes no batches", params: &pb.ChaincodeAdditionalParams{}, single: 7,
			script: func(stub shim.ChaincodeStubInterface) error {
				stub.StartWriteBatch()
				return errors.Join(writeSome(stub), stub.FinishWriteBatch())
			},
		},
		{
			name: "batch is split", params: modern, sizes: []int{3, 3, 1},
			script: func(stub shim.ChaincodeStubInterface) error {
				stub.StartWriteBatch()
				stub.StartWriteBatch()
				return errors.Join(writeSome(stub), stub.FinishWriteBatch(), stub.FinishWriteBatch())
			},
		},
		{
			name: "end of the invocation finishes", params: modern, sizes: []int{3, 3, 1},
			script: func(stub shim.ChaincodeStubInterface) error {
				stub.StartWriteBatch()
				return writeSome(stub)
			},
		},
		{name: "no batch asked for", params: modern, single: 7, script: writeSome},
		{
			name: "writes after a batch", params: modern, sizes: []int{1}, single: 7,
			script: func(stub shim.ChaincodeStubInterface) error {
				stub.StartWriteBatch()
				return errors.Join(stub.DelState("x"), stub.FinishWriteBatch(), writeSome(stub))
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := run(t, nil, test.params, test.script)
			single := p.count(pb.ChaincodeMessage_PUT_STATE) + p.count(pb.ChaincodeMessage_DEL_STATE) + p.count(pb.ChaincodeMessage_PUT_STATE_METADATA)
			p.mu.Lock()
			defer p.mu.Unlock()
			if !slices.Equal(p.sizes, test.sizes) || single != test.single {
				t.Errorf("batches of %v and %d single writes, want %v and %d", p.sizes, single, test.sizes, test.single)
			}
			want := map[string]string{"k1": "v", "k2": "v", "k3": "v", "k4": "v"}
			if !maps.Equal(p.state, want) || string(p.policy["k1"]) != "policy" {
				t.Errorf("state %v, policies %q, want %v and a policy of k1", p.state, p.policy, want)
			}
		})
	}
}

func TestFailedChaincodeSendsNoBatch(t *testing.T) {
	p := connect(t, script(func(stub shim.ChaincodeStubInterface) error {
		stub.StartWriteBatch()
		return errors.Join(writeSome(stub), errors.New("changed my mind"))
	}), modern)
	if r := response(t, p.transact(p.invoke("tx1"))); r.GetStatus() != shim.ERROR {
		t.Errorf("status %d, want %d", r.GetStatus(), shim.ERROR)
	}
	if len(p.kinds) != 0 {
		t.Errorf("the peer got %v, want nothing", p.kinds)
	}
}

// TestBatchFitsInMessages: large values split a batch too.
func TestBatchFitsInMessages(t *testing.T) {
	p := newFakePeer(t)
	p.params = &pb.ChaincodeAdditionalParams{UseWriteBatch: true, MaxSizeWriteBatch: 1000}
	cc := script(func(stub shim.ChaincodeStubInterface) error {
		stub.StartWriteBatch()
		for i := range 10 {
			if err := stub.PutState(fmt.Sprint("k", i), make([]byte, 1500)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := serve(t, cc, peer.ServerConfig{Options: peer.Options{MaxMessage: 10000}}).dial(t, p); err != nil {
		t.Fatal(err)
	}
	if r := response(t, p.transact(p.invoke("tx1"))); r.GetStatus() != shim.OK {
		t.Fatal(r.GetMessage())
	}
	if want := []int{3, 3, 3, 1}; !slices.Equal(p.sizes, want) {
		t.Errorf("batches of %v, want %v", p.sizes, want)
	}
}

func TestMultiGet(t *testing.T) {
	state := map[string]string{"a": "1", "c": "3", "cola": "p"}
	read := func(stub shim.ChaincodeStubInterface) error {
		values, err := stub.GetMultipleStates("a", "b", "c")
		if err != nil || len(values) != 3 || string(values[0]) != "1" || values[1] != nil || string(values[2]) != "3" {
			return fmt.Errorf("GetMultipleStates = %q, error %v, want 1, nil, 3", values, err)
		}
		values, err = stub.GetMultiplePrivateData("col", "a", "b")
		if err != nil || len(values) != 2 || string(values[0]) != "p" || values[1] != nil {
			return fmt.Errorf("GetMultiplePrivateData = %q, error %v, want p, nil", values, err)
		}
		values, err = stub.GetMultipleStates()
		if err != nil || len(values) != 0 {
			return fmt.Errorf("GetMultipleStates of nothing = %q, error %v", values, err)
		}
		return nil
	}
	for _, test := range []struct {
		name   string
		params *pb.ChaincodeAdditionalParams
		sizes  []int
		gets   int
	}{
		{"one message per key", nil, nil, 5},
		{"many keys in a message", modern, []int{2, 1, 2}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := run(t, state, test.params, read)
			if gets := p.count(pb.ChaincodeMessage_GET_STATE); gets != test.gets || !slices.Equal(p.sizes, test.sizes) {
				t.Errorf("%d GET_STATE and multi-gets of %v, want %d and %v", gets, p.sizes, test.gets, test.sizes)
			}
		})
	}
}
