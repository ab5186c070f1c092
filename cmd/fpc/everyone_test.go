// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/client/fabric"
)

// A configuration without TLS roots does not make fpc speak without TLS.
func TestReach(t *testing.T) {
	with, without := fabric.Endpoint{Address: "peer:7051", RootCerts: []byte("roots")}, fabric.Endpoint{Address: "peer:7051"}
	secured := peerEnvironment{tls: true, own: fabric.Endpoint{ClientCert: []byte("certificate"), ClientKey: []byte("key")}}
	got, err := secured.reach(with)
	if err != nil || string(got.RootCerts) != "roots" || string(got.ClientCert) != "certificate" || string(got.ClientKey) != "key" {
		t.Errorf("with TLS: got %+v, %v, want its roots and the own client certificate", got, err)
	}
	if got, err := secured.reach(without); err == nil || !strings.Contains(err.Error(), "peer:7051") {
		t.Errorf("with TLS, no roots: got %+v, %v, want an error that names the peer", got, err)
	}
	if got, err := (peerEnvironment{}).reach(with); err != nil || len(got.RootCerts) != 0 {
		t.Errorf("without TLS: got %+v, %v, want no roots", got, err)
	}
}
