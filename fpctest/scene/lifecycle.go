// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package scene

import (
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/shim"
)

// Lifecycle answers QueryChaincodeDefinition as a peer's _lifecycle does.
type Lifecycle struct {
	mu          sync.Mutex
	definitions map[string]*lifecycle.QueryChaincodeDefinitionResult
}

// NewLifecycle returns a _lifecycle with nothing committed.
func NewLifecycle() *Lifecycle {
	return &Lifecycle{definitions: map[string]*lifecycle.QueryChaincodeDefinitionResult{}}
}

// Commit commits the next sequence of a chaincode's definition.
func (l *Lifecycle) Commit(name, version string) { l.CommitWith(name, version, nil) }

// CommitWith is Commit with an endorsement policy, a serialised ApplicationPolicy.
func (l *Lifecycle) CommitWith(name, version string, policy []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.definitions[name] = &lifecycle.QueryChaincodeDefinitionResult{
		Sequence: l.definitions[name].GetSequence() + 1,
		Version:  version, ValidationParameter: policy,
	}
}

// Init does nothing.
func (l *Lifecycle) Init(shim.ChaincodeStubInterface) *shim.Response { return shim.Success(nil) }

// Invoke answers QueryChaincodeDefinition.
func (l *Lifecycle) Invoke(stub shim.ChaincodeStubInterface) *shim.Response {
	args := stub.GetArgs()
	if len(args) != 2 || string(args[0]) != "QueryChaincodeDefinition" {
		return shim.Error(fmt.Sprintf("no such function: %q", args))
	}
	query := &lifecycle.QueryChaincodeDefinitionArgs{}
	if err := proto.Unmarshal(args[1], query); err != nil {
		return shim.Error(err.Error())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.definitions[query.GetName()]
	if !ok {
		return &shim.Response{Status: 404, Message: fmt.Sprintf("namespace %s is not defined", query.GetName())}
	}
	b, err := proto.Marshal(found)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(b)
}

// Remove takes a definition away, as if it had never been committed.
func (l *Lifecycle) Remove(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.definitions, name)
}
