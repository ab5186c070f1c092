// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/attest/sim/guest"
	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/shim"
)

// put commits one value and returns how it stands on the ledger.
func put(w *enclavetest.World, host *enclavetest.Host, key, value string) []byte {
	w.T.Helper()
	host.Commit(w.Ask(w.Org1.Client(), "put", key, value).MustSend(host))
	return host.Get(key)
}

func TestPutGetDelete(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	alice, bob := w.Org1.Client("alice"), w.Org2.Client("bob")
	wantResult(t, "absent", w.Ask(alice, "get", "k").MustSend(host), "")
	host.Commit(w.Ask(alice, "put", "k", "v").MustSend(host))
	wantResult(t, "written", w.Ask(bob, "get", "k").MustSend(host), "v")
	a := w.Ask(bob, "set", "k", "v2").MustSend(host)
	wantResult(t, "own write is not read back", a, "v")
	reads := a.Response.GetRwset().GetReads()
	if len(reads) != 1 || reads[0].GetKey() != "k" || !bytes.Equal(reads[0].GetValueHash(), protocol.ValueHash(host.Get("k"))) {
		t.Errorf("read set: got %v, want k with the hash of its sealed value", reads)
	}
	host.Commit(a)
	wantResult(t, "written again", w.Ask(alice, "get", "k").MustSend(host), "v2")
	host.Commit(w.Ask(alice, "put", "k", "").MustSend(host))
	if got := host.Get("k"); got != nil {
		t.Errorf("an empty value: got %x on the ledger, want the key removed as Fabric does", got)
	}
}

func TestValuesLeaveSealed(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	if sealed := put(w, enclavetest.NewHost(), "k1", strings.Repeat("a", 1000)); bytes.Contains(sealed, []byte("aaaa")) {
		t.Errorf("the sealed value holds its content: %q", sealed)
	}
}

func TestAttack01FlippedBit(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	good := put(w, host, "k", "v")
	for i := range good {
		want := enclave.CodeTamperedValue
		if i < 9 { // version and generation of the header
			want = enclave.CodeForeignValue
		}
		bad := bytes.Clone(good)
		bad[i] ^= 0x80
		host.Put("k", bad)
		wantSealed(t, fmt.Sprintf("bit flipped in byte %d of %d", i, len(good)), w.Ask(w.Org1.Client(), "set", "k", "new").MustSend(host), want)
	}
	for name, bad := range map[string][]byte{"cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "header only": good[:73]} {
		host.Put("k", bad)
		wantSealed(t, name, w.Ask(w.Org1.Client(), "get", "k").MustSend(host), enclave.CodeTamperedValue)
	}
	for name, bad := range map[string][]byte{"short": good[:72], "in clear": []byte(`{"owner":"mallory"}`)} {
		host.Put("k", bad)
		wantSealed(t, name, w.Ask(w.Org1.Client(), "get", "k").MustSend(host), enclave.CodeForeignValue)
	}
	host.Put("k", good)
	wantResult(t, "the good value afterwards", w.Ask(w.Org1.Client(), "get", "k").MustSend(host), "v")
}

func TestAttack02MovedValue(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	k1, k2 := put(w, host, "k1", "one"), put(w, host, "k2", "two")
	host.Put("k1", k2)
	host.Put("k2", k1)
	for _, key := range []string{"k1", "k2"} {
		wantSealed(t, "values swapped: "+key, w.Ask(w.Org1.Client(), "get", key).MustSend(host), enclave.CodeTamperedValue)
	}
	// Another chaincode, another channel, another network of the same names;
	// all with the same organisations and, as far as they go, the same keys.
	for name, change := range map[string]func(*enclavetest.World){
		"another chaincode": func(o *enclavetest.World) { o.ChaincodeID = "other" },
		"another channel":   func(o *enclavetest.World) { o.ChannelID = "other"; o.ChannelHash[0] ^= 1 },
		"another network":   func(o *enclavetest.World) { o.ChannelHash[0] ^= 1 },
	} {
		other := enclavetest.New(t)
		other.Org1, other.Org2 = w.Org1, w.Org2
		change(other)
		other.Start(enclavetest.KV{})
		host.Put("k1", put(other, enclavetest.NewHost(), "k1", "one"))
		wantSealed(t, "value of "+name, w.Ask(w.Org1.Client(), "get", "k1").MustSend(host), enclave.CodeTamperedValue)
	}
	// And if the keys were the same: the place is sealed in.
	sek, err := keys.ParseStateKey(unseal(t, w, w.Sealed).GetKeySets()[0].GetStateKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, move := range map[string]func(*keys.ValueBinding){
		"":                                       func(*keys.ValueBinding) {},
		"under the same keys, another key":       func(b *keys.ValueBinding) { b.Key = "k2" },
		"under the same keys, another chaincode": func(b *keys.ValueBinding) { b.ChaincodeID = "other" },
		"under the same keys, another channel":   func(b *keys.ValueBinding) { b.ChannelHash = make([]byte, 32) },
	} {
		binding := keys.ValueBinding{ChannelHash: w.ChannelHash, ChaincodeID: w.ChaincodeID, Key: "k1", ValueHeader: keys.ValueHeader{Generation: 1}}
		move(&binding)
		sealed, err := sek.SealValue(binding, keys.PadPadme, []byte("one"))
		if err != nil {
			t.Fatal(err)
		}
		host.Put("k1", sealed)
		a := w.Ask(w.Org1.Client(), "get", "k1").MustSend(host)
		if name == "" {
			wantResult(t, "not moved", a, "one")
		} else {
			wantSealed(t, "value "+name, a, enclave.CodeTamperedValue)
		}
	}
}

// unseal opens what an enclave of the world sealed for its host.
func unseal(t *testing.T, w *enclavetest.World, sealed []byte) *fpc.EnclaveState {
	t.Helper()
	m, state := &fpc.SealedState{}, &fpc.EnclaveState{}
	if err := proto.Unmarshal(sealed, m); err != nil {
		t.Fatal(err)
	}
	platform, err := guest.New(append(bytes.Clone(w.HostSecret), w.CodeID[:]...))
	if err != nil {
		t.Fatal(err)
	}
	aad := keys.Encode("state", []byte{0, 0, 0, byte(m.GetVersion())}, []byte(m.GetPlatform()), []byte(m.GetCodeId()), []byte(m.GetEnclaveId()), m.GetCheck())
	plain, err := platform.SealingKey().Open(keys.LabelSealedState, aad, m.GetSealed())
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(plain, state); err != nil {
		t.Fatal(err)
	}
	return state
}

// Lite cannot see a rollback: it records what it was shown, so that the replay
// at commit refuses. A query's answer is as old as its host pleases.
func TestAttack03OldValue(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	host := enclavetest.NewHost()
	old := put(w, host, "k", "old")
	now := put(w, host, "k", "new")
	host.Put("k", old)
	a := w.Ask(w.Org1.Client(), "set", "k", "next").MustSend(host)
	wantResult(t, "query of a host that rolled back (documented)", a, "old")
	got := a.Response.GetRwset().GetReads()[0].GetValueHash()
	if !bytes.Equal(got, protocol.ValueHash(old)) || bytes.Equal(got, protocol.ValueHash(now)) {
		t.Errorf("read set names value %x, want the old one %x: replay must see it", got, protocol.ValueHash(old))
	}
	host.Put("k", nil)
	a = w.Ask(w.Org1.Client(), "set", "k", "next").MustSend(host)
	if got := a.Response.GetRwset().GetReads()[0].GetValueHash(); len(got) != 0 {
		t.Errorf("hidden value: read set names %x, want absence", got)
	}
}

func TestHostIsAskedOncePerKey(t *testing.T) {
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		first, err := stub.GetState("k")
		if err != nil {
			return "", err
		}
		first[0] = 'X' // the chaincode's own copy
		all, err := stub.GetMultipleStates("k", "absent", "k", "other")
		if err != nil {
			return "", err
		}
		if all[1] != nil {
			return "", errors.New("an absent key is not nil")
		}
		return fmt.Sprintf("%s", all), nil
	}))
	writer := enclavetest.New(t)
	writer.Org1, writer.Org2, writer.ChannelHash = w.Org1, w.Org2, w.ChannelHash
	e := writer.NewEnclave(enclavetest.KV{})
	if _, err := e.Restore(t.Context(), &fpc.RestoreRequest{SealedState: w.Sealed}); err != nil {
		t.Fatal(err)
	}
	writer.Enclave, writer.Credentials, writer.Key = e, w.Credentials, w.Key
	host := enclavetest.NewHost()
	put(writer, host, "k", "value")
	put(writer, host, "other", "else")
	host.Asked()
	wantResult(t, "get", w.Ask(w.Org1.Client()).MustSend(host), "[value  value else]")
	var keys []string
	for _, r := range host.Asked() {
		keys = append(keys, strings.Join(r.GetGet().GetKeys(), "+"))
	}
	if got, want := strings.Join(keys, " "), "k absent+other"; got != want {
		t.Errorf("host was asked for %q, want %q", got, want)
	}
}

func TestKeysThatADatabaseRefuses(t *testing.T) {
	w := enclavetest.New(t).Start(succeed(func(stub shim.ChaincodeStubInterface) (string, error) {
		var codes []string
		for _, key := range []string{"", "_id", "\xff", "a\xffb", "\x00fpc/tx\x00", "\x00fpc/"} {
			_, get := stub.GetState(key)
			_, policy := stub.GetStateValidationParameter(key)
			for _, err := range []error{get, policy, stub.PutState(key, []byte("v")), stub.DelState(key), stub.SetStateValidationParameter(key, nil)} {
				codes = append(codes, string(protocol.CodeOf(err)))
			}
		}
		return strings.Join(codes, " "), nil
	}))
	want := strings.TrimSpace(strings.Repeat("bad_key ", 20) + strings.Repeat("reserved_key ", 10))
	host := enclavetest.NewHost()
	wantResult(t, "codes", w.Ask(w.Org1.Client()).MustSend(host), want)
	if asked := host.Asked(); len(asked) != 0 {
		t.Errorf("the host was asked: %v", asked)
	}
}

// A host could steer a chaincode that takes errors for absence; what it refused
// would not be in the read set.
func TestHostThatFailsAnAccess(t *testing.T) {
	w := enclavetest.New(t).Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		_, _ = stub.GetState("sold") // ignores the error
		if _, err := stub.GetState("k"); err == nil {
			return shim.Error("the stub goes on after a failed access")
		}
		if err := stub.PutState("sold", []byte("to mallory")); err == nil {
			return shim.Error("the stub writes after a failed access")
		}
		return shim.Success(nil)
	}))
	for name, tc := range map[string]struct {
		lie  func(*fpc.StateRequest, *fpc.StateResponse) error
		want protocol.Code
	}{
		"error":           {func(*fpc.StateRequest, *fpc.StateResponse) error { return errors.New("disk on fire") }, enclave.CodeHost},
		"no values":       {func(_ *fpc.StateRequest, r *fpc.StateResponse) error { r.Values = nil; return nil }, enclave.CodeBadAnswer},
		"too many values": {func(_ *fpc.StateRequest, r *fpc.StateResponse) error { r.Values = make([][]byte, 2); return nil }, enclave.CodeBadAnswer},
		"garbage":         {func(_ *fpc.StateRequest, r *fpc.StateResponse) error { r.Values[0] = []byte("garbage"); return nil }, enclave.CodeForeignValue},
	} {
		host := enclavetest.NewHost()
		host.Lie = tc.lie
		wantSealed(t, name, w.Ask(w.Org1.Client()).MustSend(host), tc.want)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	w := enclavetest.New(t)
	written := 0
	w.Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		switch stub.GetStringArgs()[0] {
		case "write":
			for i := range 100 {
				if stub.PutState(fmt.Sprint("k", i), make([]byte, 1000)) == nil {
					written++
				}
			}
		case "answer":
			return shim.Success(make([]byte, 30_000))
		case "read":
			for i := range 100 {
				_, _ = stub.GetState(fmt.Sprint("k", i))
			}
		}
		return shim.Success(nil)
	}), func(c *enclave.Config) { c.Limits = enclave.Limits{MaxResult: 20_000, MaxRead: 50_000} })
	host := enclavetest.NewHost()
	host.Lie = func(_ *fpc.StateRequest, r *fpc.StateResponse) error {
		for i := range r.Values {
			r.Values[i] = append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 1000)...)
		}
		return nil
	}
	for _, what := range []string{"write", "answer"} {
		wantSealed(t, what, w.Ask(w.Org1.Client(), what).MustSend(host), protocol.CodeTooLarge)
	}
	if written != 19 {
		t.Errorf("writes of 1,000 bytes: got %d accepted, want 19: at most 20,000 bytes are kept", written)
	}
	host.Lie = func(_ *fpc.StateRequest, r *fpc.StateResponse) error {
		r.Values[0] = make([]byte, 60_000)
		return nil
	}
	wantSealed(t, "read", w.Ask(w.Org1.Client(), "read").MustSend(host), protocol.CodeTooLarge)
}

// Rows that a host gave count from when they come, until they are consumed or their
// range is closed.
func TestRowsCountWhenTheyCome(t *testing.T) {
	w := enclavetest.New(t)
	var left []shim.StateQueryIteratorInterface
	w.Start(enclavetest.Func(func(stub shim.ChaincodeStubInterface) *shim.Response {
		function, args := stub.GetFunctionAndParameters()
		if function == "put" {
			return answerOf(stub.PutState(args[0], make([]byte, 10_000)))
		}
		for range 4 {
			it, err := stub.GetStateByRange("", "")
			if err != nil {
				continue // the enclave remembers
			}
			left = append(left, it)
			for function == "consume" && it.HasNext() {
				_, _ = it.Next()
			}
			if function == "close" {
				_ = it.Close()
			}
		}
		return shim.Success(nil)
	}), func(c *enclave.Config) { c.Limits = enclave.Limits{MaxReadAll: 60_000} })
	host := enclavetest.NewHost()
	for i := range 10 {
		put(w, host, fmt.Sprint("k", i), "")
	}
	for range 3 { // nothing stays behind, and nothing is given back twice
		wantSealed(t, "four batches of two rows left open", w.Ask(w.Org1.Client(), "open").MustSend(host), protocol.CodeTooLarge)
		wantResult(t, "one batch after the other", w.Ask(w.Org1.Client(), "consume").MustSend(host), "")
		wantResult(t, "ranges that were closed", w.Ask(w.Org1.Client(), "close").MustSend(host), "")
		for _, it := range left {
			_ = it.Close()
		}
	}
}
