// SPDX-License-Identifier: Apache-2.0

package asset_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/samples/asset"
	"github.com/privatechaincode/fpc/shim/shimtest"
)

func deploy() *shimtest.Chaincode {
	return shimtest.NewChannel("mychannel").Deploy("asset", new(asset.Chaincode))
}

func submit(t *testing.T, cc *shimtest.Chaincode, args ...string) shimtest.Result {
	t.Helper()
	return send(t, cc, nil, args...)
}

// send submits a transaction that must succeed.
func send(t *testing.T, cc *shimtest.Chaincode, transient map[string][]byte, args ...string) shimtest.Result {
	t.Helper()
	result := cc.Submit(shimtest.Tx{Args: shimtest.Args(args...), Transient: transient})
	if !result.OK() {
		t.Fatalf("%q: %s", args, result.Response.GetMessage())
	}
	return result
}

func TestLifeOfAnAsset(t *testing.T) {
	cc := deploy()
	for _, step := range []struct {
		args    []string
		payload string
		event   string
	}{
		{[]string{"CreateAsset", "a1", "alice", "blue", "100"}, "", "created"},
		{[]string{"ReadAsset", "a1"}, `{"id":"a1","owner":"alice","colour":"blue","value":100}`, ""},
		{[]string{"UpdateAsset", "a1", "red", "120"}, "", "changed"},
		{[]string{"TransferAsset", "a1", "bob"}, "alice", "transferred"},
		{[]string{"ReadAsset", "a1"}, `{"id":"a1","owner":"bob","colour":"red","value":120}`, ""},
		{[]string{"AssetsByOwner", "alice"}, `[]`, ""},
		{[]string{"AssetsByOwner", "bob"}, `[{"id":"a1","owner":"bob","colour":"red","value":120}]`, ""},
		{[]string{"DeleteAsset", "a1"}, "", "deleted"},
		{[]string{"AssetsByOwner", "bob"}, `[]`, ""},
	} {
		result := submit(t, cc, step.args...)
		if got := string(result.Response.GetPayload()); got != step.payload {
			t.Errorf("%q: payload %s, want %s", step.args, got, step.payload)
		}
		if got := result.Event.GetEventName(); got != step.event {
			t.Errorf("%q: event %q, want %q", step.args, got, step.event)
		}
	}
	if keys := cc.Keys(); len(keys) != 0 {
		t.Errorf("keys left after the deletion: %q", keys)
	}
}

func TestRefusals(t *testing.T) {
	cc := deploy()
	submit(t, cc, "CreateAsset", "a1", "alice", "blue", "100")
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, `function "" is unknown`},
		{[]string{"Steal", "a1"}, `function "Steal" is unknown`},
		{[]string{"ReadAsset"}, "ReadAsset takes 1 arguments, got 0"},
		{[]string{"ReadAsset", "a2"}, "asset a2 does not exist"},
		{[]string{"CreateAsset", "a1", "bob", "red", "1"}, "asset a1 exists already"},
		{[]string{"CreateAsset", "a2", "bob", "red", "-1"}, "not a whole number"},
		{[]string{"CreateAsset", "", "bob", "red", "1"}, "needs an id and an owner"},
		{[]string{"CreateAsset", "\x00a", "bob", "red", "1"}, "U+0000"},
		{[]string{"CreateAsset", "a2", "b\x00b", "red", "1"}, "U+0000"},
		{[]string{"ImportAssets", "{"}, "JSON array"},
		{[]string{"ImportAssets", `[{"id":"n","owner":"o"},{"id":"a1","owner":"o"}]`}, "asset a1 exists already"},
		{[]string{"ImportAssets", `[{"id":"n","owner":"o"},{"id":"n","owner":"o"}]`}, "asset n occurs twice"},
		{[]string{"UpdateAsset", "a2", "red", "1"}, "asset a2 does not exist"},
		{[]string{"UpdateAsset", "a1", "red", "x"}, "not a whole number"},
		{[]string{"TransferAsset", "a1", ""}, "new owner is empty"},
		{[]string{"DeleteAsset", "a2"}, "asset a2 does not exist"},
		{[]string{"ListAssets", "0", ""}, "page size"},
		{[]string{"AppraiseAsset", "a1"}, "no entry appraisal"},
		{[]string{"CheckAppraisal", "a1"}, "has no appraisal"},
		{[]string{"ReadOther", "missing", "", "a1"}, "chaincode missing"},
	} {
		result := cc.Submit(shimtest.Tx{Args: shimtest.Args(test.args...)})
		if result.OK() || !strings.Contains(result.Response.GetMessage(), test.want) {
			t.Errorf("%q: %v, want an error with %q", test.args, result.Response, test.want)
		}
	}
	if keys := cc.Keys(); len(keys) != 2 {
		t.Errorf("keys after refusals: %q, want a1 and its index entry", keys)
	}
}

func TestRangesAndPages(t *testing.T) {
	cc := deploy()
	var assets []asset.Asset
	for i := range 25 {
		assets = append(assets, asset.Asset{ID: fmt.Sprintf("a%02d", i), Owner: "alice"})
	}
	encoded, err := json.Marshal(assets)
	if err != nil {
		t.Fatal(err)
	}
	if got := submit(t, cc, "ImportAssets", string(encoded)).Response.GetPayload(); string(got) != "25" {
		t.Errorf("imported %s, want 25", got)
	}
	var part []asset.Asset
	decode(t, submit(t, cc, "RangeAssets", "a05", "a08"), &part)
	if got, want := ids(part), []string{"a05", "a06", "a07"}; !slices.Equal(got, want) {
		t.Errorf("range: %q, want %q", got, want)
	}
	var sizes []int
	var seen []string
	for page := (asset.Page{}); ; {
		bookmark := page.Bookmark
		page = asset.Page{}
		decode(t, submit(t, cc, "ListAssets", "10", bookmark), &page)
		sizes = append(sizes, len(page.Assets))
		seen = append(seen, ids(page.Assets)...)
		if page.Bookmark == "" {
			break
		}
	}
	if want := []int{10, 10, 5}; !slices.Equal(sizes, want) || !slices.Equal(seen, ids(assets)) {
		t.Errorf("pages of %v with %q, want %v with all in order", sizes, seen, want)
	}
}

func TestAppraisal(t *testing.T) {
	cc := deploy()
	submit(t, cc, "CreateAsset", "a1", "alice", "blue", "100")
	secret := func(appraisal, salt string) map[string][]byte {
		return map[string][]byte{"appraisal": []byte(appraisal), "salt": []byte(salt)}
	}
	const salt = "0123456789abcdef"
	send(t, cc, secret("4711", salt), "AppraiseAsset", "a1")
	if stored := cc.Get("a1"); strings.Contains(string(stored), "4711") {
		t.Errorf("the ledger holds the appraisal: %s", stored)
	}
	for _, test := range []struct{ appraisal, salt, want string }{
		{"4711", salt, "true"},
		{"4712", salt, "false"},
		{"4711", "x" + salt, "false"},
	} {
		got := send(t, cc, secret(test.appraisal, test.salt), "CheckAppraisal", "a1").Response.GetPayload()
		if string(got) != test.want {
			t.Errorf("CheckAppraisal of %s with %s = %s, want %s", test.appraisal, test.salt, got, test.want)
		}
	}
	short := cc.Submit(shimtest.Tx{Args: shimtest.Args("AppraiseAsset", "a1"), Transient: secret("4711", "short")})
	if short.OK() || strings.Contains(short.Response.GetMessage(), "4711") {
		t.Errorf("short salt: %v, want an error without the appraisal", short.Response)
	}
}

func TestReadOther(t *testing.T) {
	channel := shimtest.NewChannel("mychannel")
	here, there := channel.Deploy("here", new(asset.Chaincode)), channel.Deploy("there", new(asset.Chaincode))
	submit(t, there, "CreateAsset", "a1", "alice", "blue", "100")
	var got asset.Asset
	decode(t, submit(t, here, "ReadOther", "there", "", "a1"), &got)
	if got.Owner != "alice" {
		t.Errorf("ReadOther = %v, want alice's asset", got)
	}
}

func decode(t *testing.T, result shimtest.Result, out any) {
	t.Helper()
	if err := json.Unmarshal(result.Response.GetPayload(), out); err != nil {
		t.Fatalf("payload %q: %v", result.Response.GetPayload(), err)
	}
}

func ids(assets []asset.Asset) []string {
	out := make([]string, len(assets))
	for i, a := range assets {
		out[i] = a.ID
	}
	return out
}
