// SPDX-License-Identifier: Apache-2.0

// Package chaincode is untrusted: it runs chaincodes on behalf of a peer. It
// speaks Fabric's chaincode protocol to chaincode processes, as the gRPC client
// of those that are a service and as the server of those that register, and
// calls the peer's own system chaincodes in place.
//
// A chaincode is not believed in anything but its own namespace: it can be
// slow, crash, answer out of turn or send garbage, and then only its own
// transactions fail.
package chaincode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/peer/external"
	"github.com/privatechaincode/fpc/devnet/peer/simulator"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/fabric/lifecycle"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Defaults of a Support.
const (
	DefaultExecuteTimeout = 30 * time.Second
	DefaultStartTimeout   = 30 * time.Second
)

// What ends an execution without an answer; the texts are Fabric's, because its
// gateway looks for them.
var (
	ErrTimeout    = errors.New("timeout expired while executing transaction")
	ErrTerminated = errors.New("chaincode stream terminated")
)

// initializedKey is written when a chaincode that requires initialization has
// been initialized; its value is the version.
const initializedKey = "\x00" + string(utf8.MaxRune) + "initialized"

// Invocation is one transaction on one channel as it passes through chaincodes.
type Invocation struct {
	ChannelID string // empty: the proposal is for the peer itself
	TxID      string
	Proposal  *envelope.Proposal
	// Proposer is the proposal's creator as the channel knows it, once it is
	// verified that it signed the proposal; else nil.
	Proposer *msp.Presented
	// Sim is nil where there is nothing to simulate.
	Sim *simulator.Simulator
}

// Definition is what a peer needs to know to run a chaincode.
type Definition struct {
	Version           string
	InitRequired      bool
	EndorsementPlugin string
	// PackageID names the installed package that this organisation runs.
	PackageID string
}

// Definitions finds committed definitions.
type Definitions interface {
	// Runnable returns the definition that stands in the invocation's view of
	// the channel, if this organisation approved it and has the package.
	// What it reads becomes part of the transaction.
	Runnable(inv *Invocation, name string) (*Definition, error)
}

// Packages finds installed packages.
type Packages interface {
	// Package returns an installed package, or an error.
	Package(id string) (*lifecycle.Package, error)
}

// System is a chaincode that is part of the peer.
type System interface {
	Name() string
	// Invoke runs in the invocation's simulation. inv.Proposal tells who asks;
	// its chaincode is another one when a chaincode calls this one.
	Invoke(ctx context.Context, inv *Invocation, args [][]byte) *peer.Response
}

// Config is what a Support stands on.
type Config struct {
	Definitions Definitions
	Packages    Packages
	System      []System
	// MayCall tells whether the proposer may call chaincodes on a channel from
	// other chaincodes.
	MayCall func(inv *Invocation, channelID string) error
	// Simulate begins a simulation on another channel, for a chaincode that
	// calls across channels; its writes are dropped.
	Simulate func(channelID, txID string) (*simulator.Simulator, error)
	// History answers GET_HISTORY_FOR_KEY.
	History History
	// External builds packages and launches those that are no service, so that
	// they register. A package that it does not take is run by whoever does so,
	// and the peer waits for it. May be nil.
	External *external.Builders

	ExecuteTimeout time.Duration // 0: DefaultExecuteTimeout
	StartTimeout   time.Duration // 0: DefaultStartTimeout
	// Params is what READY offers.
	Params *peer.ChaincodeAdditionalParams
	Log    *slog.Logger // may be nil
}

// Support runs chaincodes. It is safe for concurrent use.
type Support struct {
	cfg    Config
	system map[string]System

	mu       sync.Mutex
	runtimes map[string]*runtime
	closed   bool
}

// New returns a Support; no chaincode is started before its first invocation.
func New(cfg Config) *Support {
	if cfg.ExecuteTimeout == 0 {
		cfg.ExecuteTimeout = DefaultExecuteTimeout
	}
	if cfg.StartTimeout == 0 {
		cfg.StartTimeout = DefaultStartTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Support{cfg: cfg, system: map[string]System{}, runtimes: map[string]*runtime{}}
	for _, sys := range cfg.System {
		s.system[sys.Name()] = sys
	}
	return s
}

// IsSystem tells whether a chaincode is part of the peer.
func (s *Support) IsSystem(name string) bool {
	_, ok := s.system[name]
	return ok
}

// Definition returns the definition under which a chaincode would run.
func (s *Support) Definition(inv *Invocation, name string) (*Definition, error) {
	if s.IsSystem(name) {
		return &Definition{Version: "syscc", EndorsementPlugin: lifecycle.DefaultEndorsementPlugin}, nil
	}
	if inv.Sim == nil {
		return nil, fmt.Errorf("chaincode %s cannot be invoked without a channel", name)
	}
	return s.cfg.Definitions.Runnable(inv, name)
}

// Execute runs a chaincode and returns its response and event. A refusal by the
// chaincode is a response, not an error; the event is then dropped by the caller.
func (s *Support) Execute(ctx context.Context, inv *Invocation, name string, input *peer.ChaincodeInput) (*peer.Response, *peer.ChaincodeEvent, error) {
	msg, err := s.invoke(ctx, inv, name, input)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to execute transaction %s: %w", inv.TxID, err)
	}
	switch msg.GetType() {
	case peer.ChaincodeMessage_COMPLETED:
		var response peer.Response
		if err := proto.Unmarshal(msg.Payload, &response); err != nil {
			return nil, nil, fmt.Errorf("failed to unmarshal response for transaction %s: %w", inv.TxID, err)
		}
		event := msg.GetChaincodeEvent()
		if event != nil {
			event.ChaincodeId, event.TxId = name, inv.TxID
		}
		return &response, event, nil
	case peer.ChaincodeMessage_ERROR:
		return nil, nil, fmt.Errorf("transaction returned with failure: %s", msg.Payload)
	default:
		return nil, nil, fmt.Errorf("unexpected response type %d for transaction %s", msg.GetType(), inv.TxID)
	}
}

// invoke runs a chaincode and returns the message that ended the execution.
func (s *Support) invoke(ctx context.Context, inv *Invocation, name string, input *peer.ChaincodeInput) (*peer.ChaincodeMessage, error) {
	if sys, ok := s.system[name]; ok {
		return s.invokeSystem(ctx, sys, inv, input)
	}
	def, err := s.Definition(inv, name)
	if err != nil {
		return nil, fmt.Errorf("invalid invocation: [channel %s] failed to get chaincode container info for %s: %w", inv.ChannelID, name, err)
	}
	kind, err := s.initialization(inv, name, def, input)
	if err != nil {
		return nil, fmt.Errorf("invalid invocation: %w", err)
	}
	live, err := s.session(ctx, def.PackageID)
	if err != nil {
		return nil, fmt.Errorf("could not launch chaincode %s: %w", def.PackageID, err)
	}
	msg, err := live.execute(ctx, kind, inv, name, input)
	if err != nil {
		return nil, fmt.Errorf("error sending: %w", err)
	}
	return msg, nil
}

func (s *Support) invokeSystem(ctx context.Context, sys System, inv *Invocation, input *peer.ChaincodeInput) (*peer.ChaincodeMessage, error) {
	payload, err := proto.Marshal(sys.Invoke(ctx, inv, input.GetArgs()))
	if err != nil {
		return nil, err
	}
	return &peer.ChaincodeMessage{Type: peer.ChaincodeMessage_COMPLETED, Payload: payload, Txid: inv.TxID, ChannelId: inv.ChannelID}, nil
}

// initialization enforces that a chaincode whose definition requires it is
// initialized once per version before anything else.
func (s *Support) initialization(inv *Invocation, name string, def *Definition, input *peer.ChaincodeInput) (peer.ChaincodeMessage_Type, error) {
	if !def.InitRequired {
		if input.GetIsInit() {
			return 0, fmt.Errorf("chaincode '%s' does not require initialization but called as init", name)
		}
		return peer.ChaincodeMessage_TRANSACTION, nil
	}
	value, err := inv.Sim.Get(name, initializedKey)
	if err != nil {
		return 0, fmt.Errorf("could not get 'initialized' key: %w", err)
	}
	initialized := bytes.Equal(value, []byte(def.Version))
	switch {
	case input.GetIsInit() && initialized:
		return 0, fmt.Errorf("chaincode '%s' is already initialized but called as init", name)
	case input.GetIsInit():
		if err := inv.Sim.Put(name, initializedKey, []byte(def.Version)); err != nil {
			return 0, fmt.Errorf("could not set 'initialized' key: %w", err)
		}
		return peer.ChaincodeMessage_INIT, nil
	case !initialized:
		return 0, fmt.Errorf("chaincode '%s' has not been initialized for this version, must call as init first", name)
	}
	return peer.ChaincodeMessage_TRANSACTION, nil
}

// Close ends all connections; what is being executed fails.
func (s *Support) Close() error {
	s.mu.Lock()
	s.closed = true
	runtimes := s.runtimes
	s.runtimes = map[string]*runtime{}
	s.mu.Unlock()
	for _, r := range runtimes {
		r.stop()
	}
	return nil
}
