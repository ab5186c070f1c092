// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/client/trust"
	"github.com/privatechaincode/fpc/fabric/envelope"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/protocol"
)

// Contract is one private chaincode on a network.
type Contract struct {
	network   *Network
	chaincode string
	padding   keys.Padding // of requests
}

// A ContractOption says how one chaincode is called.
type ContractOption func(*Contract)

// WithoutPadding sends requests to the chaincode at their true length. By
// default they are padded by at most 12 %, so that lengths tell little. It is
// for chaincodes whose lengths are public; those are built with
// private.WithoutPadding, which does the same for what the enclave seals. The
// two are independent: neither side can tell, or change, what the other does.
func WithoutPadding() ContractOption {
	return func(c *Contract) { c.padding = keys.PadNone }
}

// Contract returns a private chaincode by its name.
func (n *Network) Contract(chaincode string, options ...ContractOption) *Contract {
	c := &Contract{network: n, chaincode: chaincode, padding: keys.PadPadme}
	for _, option := range options {
		option(c)
	}
	return c
}

// Network returns the client that the contract belongs to.
func (c *Contract) Network() *Network { return c.network }

// Name returns the chaincode's name.
func (c *Contract) Name() string { return c.chaincode }

// Check reads the registry and returns the chaincode if this client may trust
// it. An earlier result is used while it is fresh; refresh asks anew.
func (c *Contract) Check(ctx context.Context, refresh bool) (*trust.Chaincode, error) {
	if refresh {
		c.network.registry.forget(c.chaincode)
	}
	e, err := c.network.registry.lookup(ctx, c.chaincode)
	if err != nil {
		return nil, err
	}
	return e.chaincode, nil
}

// Submit invokes a function and commits what it did (INV-1 to INV-22; VAL-1 to
// VAL-5, or VAL-6 in Full mode: the definition tells). It returns the chaincode's
// answer once the transaction is committed as valid.
//
// Errors: [NotAttestedError], [ChaincodeError], and those of client/fabric.
func (c *Contract) Submit(ctx context.Context, function string, args ...string) ([]byte, error) {
	return c.SubmitWith(ctx, function, WithArguments(args...))
}

// SubmitWith is Submit with options.
func (c *Contract) SubmitWith(ctx context.Context, function string, options ...Option) ([]byte, error) {
	var validation *Validation
	err := c.withFreshKey(ctx, func() (err error) {
		validation, err = c.endorse(ctx, function, options)
		return err
	})
	if err != nil {
		return nil, err
	}
	tx, err := validation.Endorse(ctx)
	if err != nil {
		return nil, err
	}
	commit, err := tx.Submit(ctx)
	if err != nil {
		return nil, err
	}
	defer commit.Close()
	return commit.Result()
}

// Evaluate invokes a function and returns its answer, without committing
// anything. The answer is as old as the state that the enclave's peer chose to
// show it: a commit would refuse an old state, a query cannot. In Full mode it is
// one consistent state of the channel, and [WithMinHeight] says how old at most.
func (c *Contract) Evaluate(ctx context.Context, function string, args ...string) ([]byte, error) {
	return c.EvaluateWith(ctx, function, WithArguments(args...))
}

// EvaluateWith is Evaluate with options.
func (c *Contract) EvaluateWith(ctx context.Context, function string, options ...Option) ([]byte, error) {
	var result []byte
	err := c.withFreshKey(ctx, func() (err error) {
		result, err = c.evaluate(ctx, function, options)
		return err
	})
	return result, err
}

// withFreshKey runs a call, and once more with a newly read registry if a server
// refused it because the registry has changed (unknown key and the like).
func (c *Contract) withFreshKey(ctx context.Context, call func() error) error {
	err := call()
	if distrusted := (*NotAttestedError)(nil); err == nil || errors.As(err, &distrusted) || !retryable(protocol.CodeOf(err)) {
		return err
	}
	if _, readErr := c.Check(ctx, true); readErr != nil {
		return readErr
	}
	return call()
}

// An Option says what a proposal carries beside the function's name.
type Option func(*options)

type options struct {
	args      [][]byte
	transient map[string][]byte
	creator   []byte
	view      trust.View
}

// WithMinHeight has the call refused where it would read at an older head than the
// one after that many blocks (min head). Full mode only: in Lite no enclave knows
// at which head it reads.
func WithMinHeight(blocks uint64) Option {
	return func(o *options) { o.view.Min = blocks }
}

// WithHeight has the call executed at exactly the head after that many blocks, as
// one enclave says that it executed it (INV-20); enclaves remember 64 heads. Full
// mode only.
func WithHeight(blocks uint64) Option {
	return func(o *options) { o.view.At = blocks }
}

// WithArguments adds arguments.
func WithArguments(args ...string) Option {
	return func(o *options) {
		for _, a := range args {
			o.args = append(o.args, []byte(a))
		}
	}
}

// WithBytesArguments adds arguments that need not be text.
func WithBytesArguments(args ...[]byte) Option {
	return func(o *options) { o.args = append(o.args, args...) }
}

// WithTransient sets the transient data. They are sealed into the request: the
// proposal's own transient map stays empty, since in Lite the proposal lands on
// the ledger.
func WithTransient(transient map[string][]byte) Option {
	return func(o *options) { o.transient = transient }
}

// WithCreator makes the proposal in the name of another serialised identity,
// which then signs it, the validation and the transaction by their Sign methods.
func WithCreator(creator []byte) Option {
	return func(o *options) { o.creator = creator }
}

// NewProposal checks the chaincode and seals a call to it (INV-1 to INV-5).
func (c *Contract) NewProposal(ctx context.Context, function string, opts ...Option) (*Proposal, error) {
	n := c.network
	o := options{creator: n.config.Signer.Creator()}
	for _, opt := range opts {
		opt(&o)
	}
	nonce := make([]byte, envelope.NonceSize)
	_, _ = rand.Read(nonce) // documented never to fail
	txID := envelope.TxID(nonce, o.creator)
	n.received("INV-1", "user", "client", "invoke", txID)
	entry, err := n.registry.lookup(ctx, c.chaincode)
	if err != nil {
		return nil, err
	}
	own := false
	if seen := n.Height(); entry.chaincode.Mode() == protocol.ModeFull && o.view.At == 0 && o.view.Min < seen {
		o.view.Min, own = seen, true
	}
	n.received("INV-3", "client", "client", "r_key", txID)
	args := append([][]byte{[]byte(function)}, o.args...)
	request, err := entry.chaincode.SealAt(o.view, c.padding, o.creator, args, o.transient)
	if err != nil {
		return nil, fmt.Errorf("seal the request: %w", err)
	}
	n.received("INV-4", "client", "client", "encrypted_request", txID)
	d, err := n.draft(c.chaincode, o.creator, nonce, request.Args())
	if err != nil {
		return nil, err
	}
	return &Proposal{draft: d, entry: entry, request: request, own: own}, nil
}
