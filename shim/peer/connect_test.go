// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/privatechaincode/fpc/internal/rpc"
	"github.com/privatechaincode/fpc/shim"
	"github.com/privatechaincode/fpc/shim/peer"
)

var readK = script(func(stub shim.ChaincodeStubInterface) error {
	return wantValue("GetState", "v")(stub.GetState("k"))
})

// support is the service of a peer that launches chaincodes.
type support struct {
	peer  *fakePeer
	ready chan error
	leave chan struct{}
}

// Register answers one chaincode until the test says leave, or the chaincode goes.
func (s support) Register(stream rpc.ChaincodeStream) error {
	s.ready <- s.peer.serve(stream)
	select {
	case <-s.leave:
		return nil
	case <-stream.Context().Done():
		return stream.Context().Err()
	case <-s.peer.ended:
		return nil
	}
}

func launch(t *testing.T, options ...grpc.ServerOption) (support, string) {
	t.Helper()
	s := support{peer: newFakePeer(t), ready: make(chan error, 1), leave: make(chan struct{})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	rpc.RegisterChaincodeSupportServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return s, listener.Addr().String()
}

func TestRegister(t *testing.T) {
	s, address := launch(t)
	s.peer.state["k"] = "v"
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- peer.Register(ctx, peer.ClientConfig{CCID: ccid, PeerAddress: address}, readK) }()
	if err := <-s.ready; err != nil {
		t.Fatal(err)
	}
	if s.peer.registered != ccid {
		t.Errorf("registered as %q, want %q", s.peer.registered, ccid)
	}
	if r := response(t, s.peer.transact(s.peer.invoke("tx1"))); r.GetStatus() != shim.OK {
		t.Error(r.GetMessage())
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Register = %v, want nil after its context is done", err)
	}
}

func TestRegisterEndsWithThePeer(t *testing.T) {
	s, address := launch(t)
	done := make(chan error, 1)
	go func() {
		done <- peer.Register(context.Background(), peer.ClientConfig{CCID: ccid, PeerAddress: address}, readK)
	}()
	if err := <-s.ready; err != nil {
		t.Fatal(err)
	}
	close(s.leave)
	if err := <-done; !errors.Is(err, peer.ErrPeerClosed) {
		t.Errorf("Register = %v, want %v", err, peer.ErrPeerClosed)
	}
}

func TestRegisterAtNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	err = peer.Register(context.Background(), peer.ClientConfig{CCID: ccid, PeerAddress: address}, readK)
	if err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("Register = %v, want an error that names %s", err, address)
	}
}

func TestIncompleteConfigurations(t *testing.T) {
	ctx := context.Background()
	for name, err := range map[string]error{
		"server without id":      peer.Serve(ctx, peer.ServerConfig{Address: "127.0.0.1:0"}, readK),
		"server without address": peer.Serve(ctx, peer.ServerConfig{CCID: ccid}, readK),
		"server at no address":   peer.Serve(ctx, peer.ServerConfig{CCID: ccid, Address: "not an address"}, readK),
		"client without id":      peer.Register(ctx, peer.ClientConfig{PeerAddress: "127.0.0.1:1"}, readK),
		"client without peer":    peer.Register(ctx, peer.ClientConfig{CCID: ccid}, readK),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestServeWithTLS(t *testing.T) {
	serverCert, serverKey := certificate(t, "chaincode")
	peerCert, peerKey := certificate(t, "peer")
	strangerCert, strangerKey := certificate(t, "stranger")
	serverTLS, err := peer.ServerTLS(serverCert, serverKey, peerCert)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, readK, peer.ServerConfig{TLS: serverTLS})
	for _, test := range []struct {
		name      string
		cert, key []byte
		admitted  bool
	}{
		{"the peer", peerCert, peerKey, true},
		{"a stranger", strangerCert, strangerKey, false},
		{"nobody", nil, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			clientTLS, err := peer.ClientTLS(test.cert, test.key, serverCert)
			if err != nil {
				t.Fatal(err)
			}
			p := newFakePeer(t)
			p.state["k"] = "v"
			err = s.dial(t, p, grpc.WithTransportCredentials(credentials.NewTLS(clientTLS)))
			if admitted := err == nil; admitted != test.admitted {
				t.Fatalf("dial: error %v, want admitted %v", err, test.admitted)
			}
			if test.admitted {
				response(t, p.transact(p.invoke("tx1")))
			}
		})
	}
}

func TestRegisterWithTLS(t *testing.T) {
	cert, key := certificate(t, "peer")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s, address := launch(t, grpc.Creds(credentials.NewServerTLSFromCert(&pair)))
	clientTLS, err := peer.ClientTLS(nil, nil, cert)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- peer.Register(ctx, peer.ClientConfig{CCID: ccid, PeerAddress: address, TLS: clientTLS}, readK)
	}()
	if err := <-s.ready; err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Register = %v, want nil", err)
	}
}

func TestBadTLSMaterial(t *testing.T) {
	cert, key := certificate(t, "x")
	_, otherKey := certificate(t, "y")
	for name, err := range map[string]error{
		"key of another": second(peer.ServerTLS(cert, otherKey, nil)),
		"no certificate": second(peer.ServerTLS(nil, key, nil)),
		"bad client CA":  second(peer.ServerTLS(cert, key, []byte("x"))),
		"no root":        second(peer.ClientTLS(cert, key, nil)),
		"client's key":   second(peer.ClientTLS(cert, otherKey, cert)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ *tls.Config, err error) error { return err }

// certificate makes a self-signed certificate for 127.0.0.1 and its key, as PEM.
func certificate(t *testing.T, name string) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}
