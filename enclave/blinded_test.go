// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/leak"
	"github.com/privatechaincode/fpc/internal/pb/common"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/shim"
)

func blinded(c *enclave.Config) { c.BlindedKeys = true }

// secretKey is a state key that must not leave the enclave in any form.
const secretKey = "patient-4711220394-hiv-positive"

// everything makes all accesses that a blinded key allows.
var everything = succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
	policy, err := proto.Marshal(&common.SignaturePolicyEnvelope{Version: 1, Rule: &common.SignaturePolicy{}})
	if err != nil {
		return "", err
	}
	composite, err := stub.CreateCompositeKey("patient", []string{secretKey})
	if err != nil {
		return "", err
	}
	values, err := stub.GetMultipleStates(secretKey, composite, secretKey, "other")
	if err != nil {
		return "", err
	}
	was, err := stub.GetStateValidationParameter(secretKey)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s %v", values[:3], values[3], len(was) > 0), errors.Join(
		stub.PutState(secretKey, []byte("one")), stub.PutState(composite, []byte("two")),
		stub.DelState("deleted-"+secretKey), stub.SetStateValidationParameter(secretKey, policy))
})

// Nothing that reaches the host, and so nothing on the ledger, holds the key in
// any form; all keys there have one form and one length.
func TestBlindedKeysDoNotLeaveTheEnclave(t *testing.T) {
	searcher, err := leak.New([]leak.Secret{{Name: "key", Text: secretKey}})
	if err != nil {
		t.Fatal(err)
	}
	for _, blind := range []bool{true, false} {
		w := enclavetest.New(t).Start(everything, func(c *enclave.Config) { c.BlindedKeys = blind })
		host := enclavetest.NewHost()
		var found []leak.Finding
		search := func(where string, m proto.Message) {
			t.Helper()
			b, err := proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, searcher.Bytes(where, b)...)
		}
		for _, want := range []string{"[  ]  false", "[one two one]  true"} {
			a := w.Ask(w.Org1.Client()).MustSend(host)
			wantResult(t, "answer", a, want)
			search("response", a.Response)
			for _, asked := range host.Asked() {
				search("state access", asked)
			}
			for _, key := range touched(a.Response.GetRwset()) {
				if one := regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(key); one != blind {
					t.Errorf("blinded %v: key %q on the ledger", blind, key)
				}
			}
			host.Commit(a)
		}
		if blind && len(found) != 0 {
			t.Errorf("blinded keys: found %v, want nothing", found)
		}
		if !blind && len(found) == 0 {
			t.Error("keys in clear: found nothing, so the search finds nothing")
		}
	}
}

func touched(rw *fpc.ReadWriteSet) []string {
	all := make(map[string]bool)
	for _, r := range rw.GetReads() {
		all[r.GetKey()] = true
	}
	for _, w := range rw.GetWrites() {
		all[w.GetKey()] = true
	}
	for _, r := range rw.GetMetadataReads() {
		all[r.GetKey()] = true
	}
	for _, w := range rw.GetMetadataWrites() {
		all[w.GetKey()] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// The true key is bound by the value: where it was put to under a blinded key
// does not matter, it opens for its own key only.
func TestAttack02MovedValueUnderBlindedKeys(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{}, blinded)
	host := enclavetest.NewHost()
	one, two := w.Ask(w.Org1.Client(), "put", "k1", "one").MustSend(host), w.Ask(w.Org1.Client(), "put", "k2", "two").MustSend(host)
	host.Commit(one)
	host.Commit(two)
	wantResult(t, "before", w.Ask(w.Org1.Client(), "get", "k1").MustSend(host), "one")
	at1, at2 := one.Response.GetRwset().GetWrites()[0].GetKey(), two.Response.GetRwset().GetWrites()[0].GetKey()
	v1, v2 := host.Get(at1), host.Get(at2)
	host.Put(at1, v2)
	host.Put(at2, v1)
	for _, key := range []string{"k1", "k2"} {
		wantSealed(t, "values swapped: "+key, w.Ask(w.Org1.Client(), "get", key).MustSend(host), enclave.CodeTamperedValue)
	}
	// An enclave of the same key set that does not blind looks elsewhere.
	clear := w.NewEnclave(enclavetest.KV{})
	if _, err := clear.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed}); err != nil {
		t.Fatal(err)
	}
	w.Enclave = clear
	wantResult(t, "looked for in clear", w.Ask(w.Org1.Client(), "get", "k1").MustSend(host), "")
}

// Neither the order of the read set nor that of a request tells the order of
// the keys.
func TestBlindedKeysStandInTheirOwnOrder(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("name%02d", i))
	}
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		_, err := stub.GetMultipleStates(names...)
		for _, name := range names {
			err = errors.Join(err, stub.PutState(name, []byte("v")))
		}
		return "", err
	}), blinded)
	host := enclavetest.NewHost()
	a := w.Ask(w.Org1.Client()).MustSend(host)
	wantResult(t, "answer", a, "")
	var reads, writes []string
	for _, r := range a.Response.GetRwset().GetReads() {
		reads = append(reads, r.GetKey())
	}
	for _, w := range a.Response.GetRwset().GetWrites() {
		writes = append(writes, w.GetKey())
	}
	for what, got := range map[string][]string{"request": host.Asked()[0].GetGet().GetKeys(), "read set": reads, "write set": writes} {
		if len(got) != len(names) || !slices.IsSorted(got) {
			t.Errorf("%s: got %q, want %d blinded keys in their own order", what, got, len(names))
		}
	}
}

func TestBlindedKeysRefuseRanges(t *testing.T) {
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		second := func(_ any, err error) error { return err }
		third := func(_, _ any, err error) error { return err }
		for name, err := range map[string]error{
			"GetStateByRange":                             second(stub.GetStateByRange("", "")),
			"GetStateByRangeWithPagination":               third(stub.GetStateByRangeWithPagination("", "", 1, "")),
			"GetStateByPartialCompositeKey":               second(stub.GetStateByPartialCompositeKey("t", nil)),
			"GetStateByPartialCompositeKeyWithPagination": third(stub.GetStateByPartialCompositeKeyWithPagination("t", nil, 1, "")),
			"GetAllStatesCompositeKeyWithPagination":      third(stub.GetAllStatesCompositeKeyWithPagination(1, "")),
		} {
			var refused *shim.UnsupportedError
			if !errors.Is(err, shim.ErrUnsupported) || !errors.As(err, &refused) || refused.Method != name ||
				!regexp.MustCompile("keys are blinded").MatchString(refused.Reason) || refused.Hint == "" {
				return "", fmt.Errorf("%s: got %w, want an UnsupportedError that says that keys are blinded", name, err)
			}
		}
		return "", stub.PutState("k", []byte("v")) // a refused page is no page
	}), blinded)
	host := enclavetest.NewHost()
	wantResult(t, "all", w.Ask(w.Org1.Client()).MustSend(host), "")
	if asked := host.Asked(); len(asked) != 0 {
		t.Errorf("the host was asked: %v", asked)
	}
}
