// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/protocol"
)

// Refusal is an error of one of protocol's steps as it crosses, a *[Failure] with
// step, code, reason and hint; nil stays nil.
func Refusal(err error) error {
	if err == nil {
		return nil
	}
	f := protocol.Failure(err)
	return &Failure{Step: f.GetStep(), Code: f.GetCode(), Reason: f.GetReason(), Hint: f.GetHint()}
}

// Answer decodes a call's request into req, runs it and encodes what it returns.
// A request that does not decode is refused at the step, with
// [protocol.CodeMalformed] or [protocol.CodeTooLarge].
func Answer[Req, Resp proto.Message](ctx context.Context, c *Call, step string, req Req, run func(context.Context, Req) (Resp, error)) ([]byte, error) {
	if err := protocol.Unmarshal(step, "request "+c.Method, c.Request, req); err != nil {
		return nil, err
	}
	resp, err := run(ctx, req)
	if err != nil {
		return nil, err
	}
	out, err := proto.Marshal(resp)
	if err != nil {
		return nil, protocol.Errorf(step, protocol.CodeInternal, "encode the answer to %s: %w", c.Method, err)
	}
	return out, nil
}
