// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"context"
	"time"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
	"github.com/privatechaincode/fpc/transport/session"
)

const stepSession = "INV-9"

// ledgerLink is this enclave's way to its ledger enclave (docs/flows.md, Secure
// channel): one session, made anew when it breaks, and the highest head that was
// ever seen over one. All frames pass through the host, which can drop, delay,
// repeat and alter them: what it altered is refused, and what it repeats answers
// nothing.
type ledgerLink struct {
	platform  Platform
	verifiers session.Verifiers

	busy    chan struct{}    // holds one token while the fields below are in use
	session *session.Session // nil: none
	top     head
	floor   int64 // Unix seconds: no evidence is judged at an earlier time
}

// head is a point of the channel's chain.
type head struct {
	height uint64 // number of blocks; 0: none
	hash   []byte
}

func newLedgerLink(c Config) *ledgerLink {
	return &ledgerLink{platform: c.Platform, verifiers: c.Verifiers, busy: make(chan struct{}, 1)}
}

// acquire waits for the link, at most as long as the host lets a call run.
func (l *ledgerLink) acquire(ctx context.Context) error {
	select {
	case l.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return protocol.Errorf(stepSession, CodeCancelled, "the host gave the call up")
	}
}

func (l *ledgerLink) release() { <-l.busy }

// use returns the session that there is, or makes one.
func (l *ledgerLink) use(ctx context.Context, s *state, host StateAccess) (*session.Session, error) {
	if err := l.acquire(ctx); err != nil {
		return nil, err
	}
	defer l.release()
	if l.session != nil {
		return l.session, nil
	}
	made, err := l.shakeHands(ctx, s, host, &s.full.ledger)
	if err != nil {
		return nil, err
	}
	if err := l.extends(ctx, made, host); err != nil {
		return nil, err
	}
	l.session = made
	return made, nil
}

// first makes the session of Init (REG-5): it says which ledger enclave this is.
// The link is used by nobody else yet.
func (l *ledgerLink) first(ctx context.Context, s *state, host StateAccess) (*session.Session, error) {
	made, err := l.shakeHands(ctx, s, host, nil)
	if err != nil {
		return nil, err
	}
	l.session = made
	return made, nil
}

// drop throws a session away: it failed.
func (l *ledgerLink) drop(ctx context.Context, failed *session.Session) error {
	if err := l.acquire(ctx); err != nil {
		return err
	}
	defer l.release()
	if l.session == failed {
		l.session = nil
	}
	return nil
}

func (l *ledgerLink) shakeHands(ctx context.Context, s *state, host StateAccess, known *session.Attested) (*session.Session, error) {
	h, err := session.NewHandshake(l.platform, &fpc.SessionValues{
		ChannelId:   s.params.GetChannelId(),
		ChannelHash: s.channelHash,
		ChaincodeId: s.params.GetChaincodeId(),
		EnclaveId:   s.id,
		Registry:    s.full.registry,
	}, nil)
	if err != nil {
		return nil, err
	}
	resp, err := host.Access(ctx, &fpc.StateRequest{Request: &fpc.StateRequest_OpenSession{OpenSession: &fpc.OpenSession{Hello: h.Hello()}}})
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if err := ledgerFailed(resp.GetLedgerFailed()); err != nil {
		return nil, err
	}
	// An enclave has no clock. The host's cannot go back behind what evidence
	// proved, see docs/security.md.
	now := time.Unix(max(resp.GetTime(), l.floor), 0)
	made, err := h.Accept(resp.GetAccept(), l.verifiers, known, now)
	if err != nil {
		return nil, err
	}
	l.floor = max(l.floor, made.Since().Unix())
	return made, nil
}

// extends asks a new session's ledger enclave whether its chain contains the
// highest head that this enclave saw: else it was put back, or follows a fork. One
// that was started anew gets time to catch up.
func (l *ledgerLink) extends(ctx context.Context, made *session.Session, host StateAccess) error {
	if l.top.height == 0 {
		return nil
	}
	req := &fpc.LedgerRequest{Asks: []*fpc.LedgerAsk{{Ask: &fpc.LedgerAsk_Hash{Hash: &fpc.HashAsk{Height: l.top.height}}}}}
	for waits := 0; ; waits++ {
		_, answer, err := exchange(ctx, made, host, &fpc.StateRequest{}, req)
		if err != nil {
			return err
		}
		hash := answer.GetReplies()[0].GetHash().GetHash()
		if bytes.Equal(hash, l.top.hash) {
			return nil
		}
		if len(hash) != 0 || waits == maxWaits {
			return protocol.Errorf(stepSession, CodeHiddenHead, "the ledger enclave at height %d does not know block %d, which this enclave saw", answer.GetHead().GetHeight(), l.top.height-1)
		}
		view := hostView{ctx, host}
		if err := view.await(stepSession, l.top.height-1); err != nil {
			return err
		}
	}
}

// saw records a head of an authentic answer.
func (l *ledgerLink) saw(ctx context.Context, h *fpc.Head) error {
	if err := l.acquire(ctx); err != nil {
		return err
	}
	defer l.release()
	if h.GetHeight() > l.top.height {
		l.top = head{h.GetHeight(), h.GetHash()}
	}
	return nil
}

// highest returns the highest head seen, for sealing.
func (l *ledgerLink) highest(ctx context.Context) (head, int64, error) {
	if err := l.acquire(ctx); err != nil {
		return head{}, 0, err
	}
	defer l.release()
	return l.top, l.floor, nil
}

// ask sends a request to the ledger enclave, beside a state access of the peer if
// there is one. A session that fails is made anew, once; the peer is not asked
// again then. What the peer answered is returned with an error too.
func (l *ledgerLink) ask(ctx context.Context, s *state, host StateAccess, access *fpc.StateRequest, req *fpc.LedgerRequest) (*fpc.StateResponse, *fpc.LedgerAnswer, error) {
	var first *fpc.StateResponse
	for again := false; ; again = true {
		used, err := l.use(ctx, s, host)
		if err != nil {
			return first, nil, err
		}
		if access == nil || first != nil {
			access = &fpc.StateRequest{}
		}
		resp, answer, err := exchange(ctx, used, host, access, req)
		if first == nil {
			first = resp
		}
		if err == nil {
			return first, answer, l.saw(ctx, answer.GetHead())
		}
		if again || !renewable(err) {
			return first, nil, err
		}
		if err := l.drop(ctx, used); err != nil {
			return first, nil, err
		}
	}
}

// renewable tells whether a new session may help: the ledger enclave was started
// anew, or somebody on the way altered, repeated or mixed up frames.
func renewable(err error) bool {
	switch protocol.CodeOf(err) {
	case session.CodeNoSession, session.CodeBadMAC, session.CodeReplayed:
		return true
	}
	return false
}

// exchange sends one request over a session, and holds the answer's form to it.
func exchange(ctx context.Context, used *session.Session, host StateAccess, access *fpc.StateRequest, req *fpc.LedgerRequest) (*fpc.StateResponse, *fpc.LedgerAnswer, error) {
	body, err := marshal(req)
	if err != nil {
		return nil, nil, protocol.Errorf(stepGet, CodeBadKey, "a key is not valid UTF-8")
	}
	call, err := used.Seal(body)
	if err != nil {
		return nil, nil, err
	}
	access = &fpc.StateRequest{Request: access.GetRequest(), Ledger: call.Frame()}
	resp, err := host.Access(ctx, access)
	if err != nil {
		return nil, nil, unreachable(ctx, err)
	}
	if err := ledgerFailed(resp.GetLedgerFailed()); err != nil {
		return resp, nil, err
	}
	body, err = call.Open(resp.GetLedger())
	if err != nil {
		return resp, nil, err
	}
	answer := &fpc.LedgerAnswer{}
	if err := protocol.Unmarshal(stepSession, "the ledger enclave's answer", body, answer); err != nil {
		return resp, nil, err
	}
	if f := answer.GetFailure(); f != nil {
		return resp, nil, fromFailure(f)
	}
	return resp, answer, checkAnswer(req, answer)
}

// checkAnswer holds an authentic answer to its request: a ledger enclave of
// another version could break what this one relies on.
func checkAnswer(req *fpc.LedgerRequest, answer *fpc.LedgerAnswer) error {
	bad := func(format string, args ...any) error {
		return protocol.Errorf(stepSession, CodeLedgerAnswer, format, args...)
	}
	if len(answer.GetReplies()) != len(req.GetAsks()) {
		return bad("the ledger enclave gave %d replies to %d asks", len(answer.GetReplies()), len(req.GetAsks()))
	}
	h := answer.GetHead()
	if h.GetHeight() == 0 || len(h.GetHash()) != hashSize || (req.GetAt() != 0 && h.GetHeight() != req.GetAt()) {
		return bad("the ledger enclave answered at head %d, it was asked at %d", h.GetHeight(), req.GetAt())
	}
	for i, ask := range req.GetAsks() {
		asked := ask.ProtoReflect().WhichOneof(ask.ProtoReflect().Descriptor().Oneofs().Get(0))
		reply := answer.GetReplies()[i].ProtoReflect()
		given := reply.WhichOneof(reply.Descriptor().Oneofs().Get(0))
		if given == nil || given.Name() != asked.Name() {
			return bad("the ledger enclave's reply %d is not to its ask", i)
		}
		if keys := ask.GetKeys(); keys != nil && len(keys.GetKeys()) != len(answer.GetReplies()[i].GetKeys().GetKeys()) {
			return bad("the ledger enclave knows %d keys of %d", len(answer.GetReplies()[i].GetKeys().GetKeys()), len(keys.GetKeys()))
		}
	}
	return nil
}

// unreachable says why the host passed nothing on.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return protocol.Errorf(stepSession, CodeCancelled, "the host gave the call up")
	}
	return protocol.Errorf(stepSession, protocol.CodeLedgerUnreachable, "the host passes nothing on to the ledger enclave: %w", err)
}

// ledgerFailed reads the host's word on why there is no answer. It may be a lie:
// nothing but refusing follows from it.
func ledgerFailed(f *fpc.Failure) error {
	if f == nil {
		return nil
	}
	return fromFailure(f)
}

func fromFailure(f *fpc.Failure) error {
	step, code := f.GetStep(), protocol.Code(f.GetCode())
	if step == "" {
		step = stepSession
	}
	if code == "" {
		code = protocol.CodeLedgerUnreachable
	}
	err := protocol.Errorf(step, code, "ledger enclave: %s", f.GetReason())
	if f.GetHint() != "" {
		err = err.WithHint(f.GetHint())
	}
	return err
}
