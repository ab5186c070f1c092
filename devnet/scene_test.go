// SPDX-License-Identifier: Apache-2.0

package devnet_test

import (
	"context"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/builder/pkg"
	"github.com/privatechaincode/fpc/client/admin"
	"github.com/privatechaincode/fpc/client/fabric"
	"github.com/privatechaincode/fpc/devnet"
	"github.com/privatechaincode/fpc/devnet/ca"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fabric/policy"
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
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// clients reaches a network as its users do: by what its description says.
type clients struct {
	d       *devnet.Description
	peers   []*fabric.Peer
	orderer *fabric.Orderer
}

func connect(t *testing.T, d *devnet.Description) *clients {
	t.Helper()
	c := &clients{d: d}
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
// all if there are none, and waiting for commits at every peer.
func (c *clients) as(t *testing.T, mspID, user string, at ...int) *fabric.Network {
	t.Helper()
	return c.by(c.signer(t, mspID, user), at...)
}

func (c *clients) signer(t *testing.T, mspID, user string) msp.Signer {
	t.Helper()
	for _, o := range c.d.Organizations {
		if o.MSPID != mspID {
			continue
		}
		s, err := ca.ReadSigner(mspID, o.Users[user])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatalf("no organisation %s", mspID)
	return nil
}

func (c *clients) by(signer msp.Signer, at ...int) *fabric.Network {
	endorsers := c.peers
	if len(at) > 0 {
		endorsers = nil
		for _, i := range at {
			endorsers = append(endorsers, c.peers[i])
		}
	}
	return &fabric.Network{Channel: c.d.Channel, Signer: signer, Endorsers: endorsers, Orderer: c.orderer, Watch: c.peers}
}

// register is a chaincode that does what its functions' names say; any other
// name does nothing.
type register struct{}

func (register) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

func (register) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	function, args := stub.GetFunctionAndParameters()
	f, ok := functions[function]
	if !ok {
		return shim.Success(nil)
	}
	value, err := f(stub, args)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(value)
}

var functions = map[string]func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error){
	"get": func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) { return stub.GetState(args[0]) },
	"put": func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
		return nil, stub.PutState(args[0], []byte(args[1]))
	},
	"delete": func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
		return nil, stub.DelState(args[0])
	},
	"append": func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
		old, err := stub.GetState(args[0])
		if err != nil {
			return nil, err
		}
		return nil, stub.PutState(args[0], append(old, args[1]...))
	},
	"count": func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
		rows, err := stub.GetStateByRange(args[0], args[1])
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		n := 0
		for ; rows.HasNext(); n++ {
			if _, err := rows.Next(); err != nil {
				return nil, err
			}
		}
		return nil, stub.PutState(args[2], []byte(strconv.Itoa(n)))
	},
	"guard": func(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
		rule, err := policy.Parse(args[1])
		if err != nil {
			return nil, err
		}
		raw, err := proto.Marshal(rule)
		if err != nil {
			return nil, err
		}
		return nil, stub.SetStateValidationParameter(args[0], raw)
	},
}

// deploy defines the register under a name, with approvals of the first orgs
// organisations, and serves it to their peers until the test ends.
func (c *clients) deploy(t *testing.T, name string, orgs int) {
	t.Helper()
	ctx := patience(t)
	d := lifecycle.Definition{Name: name, Version: "1", Sequence: 1}
	for i, org := range c.d.Organizations[:orgs] {
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
	agreed := c.as(t, c.d.Organizations[0].MSPID, "Admin")
	agreed.Endorsers = c.peers[:orgs]
	if _, err := (admin.Lifecycle{Network: agreed}).Commit(ctx, d); err != nil {
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
