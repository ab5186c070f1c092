// SPDX-License-Identifier: Apache-2.0

package fabric

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/orderer"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Of each organisation but the own one the first anchor peer is found, with the
// TLS roots of that organisation's MSP.
func TestAnchorPeers(t *testing.T) {
	org := func(name string, anchors ...*peer.AnchorPeer) channel.ApplicationOrg {
		msp := fpctest.NewOrg(t, name+"MSP").Config()
		msp.TlsRootCerts = msp.GetRootCerts() // any will do
		return channel.ApplicationOrg{Name: name, MSP: msp, AnchorPeers: anchors}
	}
	own := org("Org1", &peer.AnchorPeer{Host: "org1.example.com", Port: 7051})
	two := org("Org2", &peer.AnchorPeer{Host: "org2.example.com", Port: 7052}, &peer.AnchorPeer{Host: "second.example.com", Port: 7052})
	six := org("Org3", &peer.AnchorPeer{Host: "::1", Port: 7053})
	none := org("Org4")
	config, err := channel.Profile{
		ChannelID: "mychannel", Timestamp: time.Unix(1_700_000_000, 0), Nonce: []byte("nonce"),
		Orderer:     channel.OrdererOrg{Name: "OrdererOrg", MSP: fpctest.NewOrg(t, "OrdererMSP").Config(), Endpoints: []string{"localhost:7050"}},
		Raft:        &orderer.RaftConfigMetadata{Consenters: []*orderer.RaftConsenter{{Host: "localhost", Port: 7050}}},
		Application: []channel.ApplicationOrg{own, two, six, none},
	}.Config()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := channel.NewBundle("mychannel", config)
	if err != nil {
		t.Fatal(err)
	}
	got, err := anchors(bundle, "Org1MSP")
	if err != nil {
		t.Fatal(err)
	}
	want := []Endpoint{
		{Address: "org2.example.com:7052", RootCerts: two.MSP.GetTlsRootCerts()[0]},
		{Address: "[::1]:7053", RootCerts: six.MSP.GetTlsRootCerts()[0]},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d peers, %v, want %d", len(got), got, len(want))
	}
	for i := range want {
		if got[i].Address != want[i].Address || !bytes.Equal(got[i].RootCerts, want[i].RootCerts) {
			t.Errorf("peer %d: got %s with roots %.30q…, want %s with %.30q…", i, got[i].Address, got[i].RootCerts, want[i].Address, want[i].RootCerts)
		}
	}
}

// A configuration without TLS roots does not make a client speak without TLS.
func TestReachedLikeTheOwnPeer(t *testing.T) {
	with, without := Endpoint{Address: "peer:7051", RootCerts: []byte("roots")}, Endpoint{Address: "peer:7051"}
	own := Endpoint{RootCerts: []byte("own roots"), ClientCert: []byte("certificate"), ClientKey: []byte("key")}
	got, err := with.Like(own)
	if err != nil || string(got.RootCerts) != "roots" || string(got.ClientCert) != "certificate" || string(got.ClientKey) != "key" {
		t.Errorf("with TLS: got %+v, %v, want its roots and the own client certificate", got, err)
	}
	if got, err := without.Like(own); err == nil || !strings.Contains(err.Error(), "peer:7051") {
		t.Errorf("with TLS, no roots: got %+v, %v, want an error that names the peer", got, err)
	}
	if got, err := with.Like(Endpoint{}); err != nil || len(got.RootCerts) != 0 {
		t.Errorf("without TLS: got %+v, %v, want no roots", got, err)
	}
}
