// SPDX-License-Identifier: Apache-2.0

package devnet_test

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/shim"
	ccpeer "github.com/privatechaincode/fpc/shim/peer"
)

// up starts a network; it is stopped at the end of the test.
func up(t *testing.T, cfg devnet.Config) *devnet.Network {
	t.Helper()
	n, err := devnet.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, n) })
	return n
}

func stop(t *testing.T, n *devnet.Network) {
	t.Helper()
	if err := n.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// patience bounds what a test waits for; it is not a pause.
func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// clients reaches a network as its users do.
type clients struct {
	*devnet.Network
	peers   []*fabric.Peer
	orderer *fabric.Orderer
}

func connect(t *testing.T, n *devnet.Network) *clients {
	t.Helper()
	c := &clients{Network: n}
	d := n.Description()
	for _, o := range d.Organizations {
		p, err := fabric.DialPeer(fabric.Endpoint{Address: o.PeerAddress, RootCerts: read(t, o.TLSRoot)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		c.peers = append(c.peers, p)
	}
	var err error
	if c.orderer, err = fabric.DialOrderer(fabric.Endpoint{Address: d.Orderer.Address, RootCerts: read(t, d.Orderer.TLSRoot)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.orderer.Close() })
	return c
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// as is the network in a user's name, endorsing at the peers with the numbers,
// all if there are none.
func (c *clients) as(t *testing.T, mspID, user string, at ...int) *fabric.Network {
	t.Helper()
	return c.by(c.signer(t, mspID, user), at...)
}

func (c *clients) signer(t *testing.T, mspID, user string) msp.Signer {
	t.Helper()
	s, err := c.User(mspID, user)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *clients) by(signer msp.Signer, at ...int) *fabric.Network {
	endorsers := c.peers
	if len(at) > 0 {
		endorsers = nil
		for _, i := range at {
			endorsers = append(endorsers, c.peers[i])
		}
	}
	return &fabric.Network{Channel: c.Description().Channel, Signer: signer, Endorsers: endorsers, Orderer: c.orderer}
}

// register is a chaincode of three functions: put key value, get key, and any
// other name, which does nothing.
type register struct{}

func (register) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (register) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	function, args := stub.GetFunctionAndParameters()
	switch {
	case function == "put" && len(args) == 2:
		if err := stub.PutState(args[0], []byte(args[1])); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	case function == "add" && len(args) == 2:
		old, err := stub.GetState(args[0])
		if err != nil {
			return shim.Error(err.Error())
		}
		if err := stub.PutState(args[0], append(old, args[1]...)); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	case function == "get" && len(args) == 1:
		value, err := stub.GetState(args[0])
		if err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(value)
	default:
		return shim.Success(nil)
	}
}

// deploy defines the register under a name and serves it to all peers until the
// test ends.
func (c *clients) deploy(t *testing.T, name string) {
	t.Helper()
	ctx := patience(t)
	d := lifecycle.Definition{Name: name, Version: "1", Sequence: 1}
	for i, org := range c.Description().Organizations {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := pkg.BuildCCAAS(name, pkg.Connection{Address: l.Addr().String(), DialTimeout: "10s"})
		if err != nil {
			t.Fatal(err)
		}
		adm := admin.Lifecycle{Network: c.as(t, org.MSPID, "Admin", i)}
		installed, err := adm.Install(ctx, raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := adm.Approve(ctx, d, installed.PackageId); err != nil {
			t.Fatal(err)
		}
		serveChaincode(t, installed.PackageId, l)
	}
	first := c.Description().Organizations[0].MSPID
	if _, err := (admin.Lifecycle{Network: c.as(t, first, "Admin")}).Commit(ctx, d); err != nil {
		t.Fatal(err)
	}
}

// serveChaincode serves the register until the test ends.
func serveChaincode(t *testing.T, id string, l net.Listener) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ccpeer.Serve(ctx, ccpeer.ServerConfig{CCID: id, Listener: l}, register{}) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func call(chaincode string, args ...string) fabric.Call {
	return fabric.Call{Channel: "mychannel", Chaincode: chaincode, Args: fabric.Args(args...)}
}
