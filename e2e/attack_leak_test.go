// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package e2e

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/internal/leak"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/samples/asset"
)

// Row 25: arguments, transient data, event payloads and error texts of a private
// chaincode stand in no block and in no state, in no form; but for its keys,
// which are ids and owners here. The same search finds those of the same
// chaincode run plainly.
func TestAttack25NothingInClear(t *testing.T) {
	w := deployPrivate(t, "asset", nil)
	private := newSecrets("private")
	contract := w.contract(1)
	w.must(contract.Submit(w.ctx, "CreateAsset", private.create()...))
	w.must(contract.SubmitWith(w.ctx, "AppraiseAsset", client.WithArguments("private"), client.WithTransient(private.transient())))
	w.must(contract.Submit(w.ctx, "TransferAsset", "private", "bob"))
	_, err := contract.Submit(w.ctx, "UpdateAsset", "private", private.colour, private.wrongValue())
	var failed *client.ChaincodeError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want the chaincode's own error", err)
	}
	private.errorText = failed.Message
	w.orderInvocation("UpdateAsset", "private", private.colour, private.wrongValue())

	plain := newSecrets("plain")
	s, err := w.ServePlain(w.ctx, "asset-plain", filepath.Join(w.Bin, "samples", "asset-plain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	create := append([]string{"CreateAsset"}, plain.create()...)
	if _, err := w.As(w.Orgs[1].Client).Submit(w.ctx, fabric.Call{Chaincode: "asset-plain", Args: fabric.Args(create...)}); err != nil {
		t.Fatal(err)
	}

	for _, f := range w.search(private.all()) {
		t.Errorf("found %v", f)
	}
	found := map[string]bool{}
	for _, f := range w.search(plain.all()) {
		found[f.Secret] = true
	}
	for _, want := range []string{"plain colour", "plain value", "plain event"} {
		if !found[want] {
			t.Errorf("the control: %s was not found; the search finds nothing then", want)
		}
	}
}

// orderInvocation has a failing invocation itself ordered, so that its sealed
// error stands in a block, invalid.
func (w *world) orderInvocation(function string, args ...string) {
	w.t.Helper()
	failing := w.capture(1, function, args...)
	_, err := w.At(0, w.Orgs[1].Client).Submit(w.ctx, fabric.Call{Chaincode: w.name, Args: protocol.InvokeArgs(failing.ccreq)})
	notCommitted(w.t, err, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)
}

// secrets are what one asset must not tell.
type secrets struct {
	id, colour, value, appraisal, salt, errorText string
}

const owner = "ann"

func newSecrets(id string) *secrets {
	return &secrets{
		id: id, colour: "colour " + rand.Text(), value: randomNumber(), appraisal: "appraisal " + rand.Text(), salt: "salt " + rand.Text(),
	}
}

// randomNumber has 13 digits, so that a search tells it from chance.
func randomNumber() string {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // documented never to fail
	return strconv.FormatUint(1_000_000_000_000+binary.BigEndian.Uint64(raw)%8_000_000_000_000, 10)
}

func (s *secrets) create() []string { return []string{s.id, owner, s.colour, s.value} }

func (s *secrets) wrongValue() string { return s.value + " or so" }

func (s *secrets) transient() map[string][]byte {
	return map[string][]byte{"appraisal": []byte(s.appraisal), "salt": []byte(s.salt)}
}

func (s *secrets) all() []leak.Secret {
	event, err := json.Marshal(asset.Event{ID: s.id, Owner: owner})
	if err != nil {
		panic(err) // two strings
	}
	all := []leak.Secret{
		{Name: s.id + " colour", Text: s.colour},
		{Name: s.id + " value", Text: s.value},
		{Name: s.id + " event", Text: string(event)},
		{Name: s.id + " transient appraisal", Text: s.appraisal},
		{Name: s.id + " transient salt", Text: s.salt},
	}
	if s.errorText != "" {
		all = append(all, leak.Secret{Name: s.id + " error", Text: s.errorText})
	}
	return all
}

// search looks into every block and every state of every peer.
func (w *world) search(secrets []leak.Secret) []leak.Finding {
	w.t.Helper()
	searcher, err := leak.New(secrets)
	if err != nil {
		w.t.Fatal(err)
	}
	var found []leak.Finding
	for i, l := range w.ledgers() {
		for _, b := range w.blocks(l) {
			found = append(found, searcher.Bytes(fmt.Sprintf("block %d of %s", b.Header.Number, w.Orgs[i].MSPID), encode(w.t, b))...)
		}
		for _, namespace := range []string{"asset", "asset-plain", protocol.ERCCName, "_lifecycle"} {
			for key, value := range w.values(l, namespace) {
				where := fmt.Sprintf("state of %s at %s, key %q", namespace, w.Orgs[i].MSPID, key)
				found = append(found, searcher.Bytes(where, append([]byte(key+" "), value...))...)
			}
		}
	}
	return found
}
