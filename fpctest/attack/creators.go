// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package attack

import (
	"errors"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/client"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest/liar"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Creators is row 10: callers whom the channel does not know, or no longer. Honest
// peers and orderers refuse them; where a host hands their calls to its enclave all
// the same, the enclave does, without having been refreshed.
func (w *World) Creators(t *testing.T) {
	w.submit(t, "CreateAsset", "c1", "ann", "blue", "7")
	leaver := w.issue(t, w.cas[1], host2, "leaver", ca.RoleClient)
	stranger, err := ca.NewAuthority("ca.org1.example.com", "org1.example.com", time.Now())
	check(t, err)
	endorsed := w.endorsed(t, leaver, "UpdateAsset", "c1", "red", "9")
	read := client.WithArguments("c1")
	check(t, w.send(0, w.propose(t, leaver, "ReadAsset", read)))

	w.revoke(t, 1, leaver)
	before := w.height(t)
	_, err = w.As(leaver).Order(w.ctx, endorsed)
	rejected(t, "a transaction endorsed before the revocation", err)
	for name, test := range map[string]struct {
		by   msp.Signer
		want protocol.Code
	}{
		"revoked":                      {leaver, protocol.CodeRevokedCreator},
		"self-made, under known names": {w.issue(t, stranger, host1, "User1", ca.RoleClient), protocol.CodeForeignCreator},
		"of another organisation's CA": {w.issue(t, w.cas[0], host2, "User1", ca.RoleClient), protocol.CodeForeignCreator},
		"of no organisation":           {w.issue(t, stranger, "Org9MSP", "User1", ca.RoleClient), protocol.CodeForeignCreator},
	} {
		proposal := w.propose(t, test.by, "ReadAsset", read, client.WithMinHeight(before))
		rejected(t, name+" at an honest peer", w.send(0, proposal))
		unpacked, err := envelope.UnpackProposal(proposal)
		check(t, err)
		for org, id := range []string{host1, host2} {
			w.Hosts.Lie(liar.Lies{Call: func(m *peer.ChaincodeMessage) { m.Proposal, m.Txid = proposal, unpacked.TxID() }}, id)
			refused(t, name+", handed over by the host of "+id, w.ask(t, org, "ReadAsset", read), test.want)
		}
		w.honest()
	}
	w.unchanged(t, before, "c1", "blue")
}

// rejected wants a refusal by a server that is no enclave's.
func rejected(t testing.TB, what string, err error) {
	t.Helper()
	var by *fabric.RejectedError
	if !errors.As(err, &by) || Code(err) != "" {
		t.Errorf("%s: got %v, want it refused by peer or orderer", what, err)
	}
}

// issue makes a member of an organisation, whether its CA is that one's or not.
func (w *World) issue(t testing.TB, by *ca.Authority, mspID, name string, ous ...string) msp.Signer {
	t.Helper()
	certificate, key, err := by.Issue(ca.Request{CommonName: name, OUs: ous})
	check(t, err)
	signer, err := msp.NewSigner(mspID, certificate, key)
	check(t, err)
	return signer
}

// revoke revokes a member of an organisation in the channel's configuration.
func (w *World) revoke(t testing.TB, org int, member msp.Signer) {
	t.Helper()
	_, certificate, err := msp.ParseSerialized(member.Creator())
	check(t, err)
	list, err := w.cas[org].Revoke(1, time.Now(), certificate)
	check(t, err)
	network := w.As(w.Orgs[org].Admin)
	update, err := admin.ProposeUpdate(w.ctx, network, channel.SetCRLs(w.Orgs[org].MSPID, list))
	check(t, err)
	check(t, update.Submit(w.ctx, network))
}
