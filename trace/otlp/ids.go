// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	otel "go.opentelemetry.io/otel/trace"

	"github.com/privatechaincode/fpc/trace"
)

// Steps that begin a run: the user's call begins its execution, and the client's
// INV-21 its validation. Their spans are the roots of the two traces.
const (
	beginsExecution  = "INV-1"
	beginsValidation = "INV-21"
)

// span says where a span belongs.
type span struct {
	txID   string // its trace; empty: one of its own
	root   bool   // whether it is the root
	parent bool   // whether the root is its parent
	other  string // the transaction to whose root it links; may be empty
}

// spansOf returns the spans of an event: one, or for the step that joins two
// transactions one in each.
func spansOf(e trace.Event) []span {
	switch outer := e.Attrs[trace.AttrValidation]; {
	case e.Step == beginsExecution:
		return []span{{txID: e.TxID, root: true}}
	case e.Step == beginsValidation && outer != "":
		return []span{{txID: e.TxID, parent: true, other: outer}, {txID: outer, root: true, other: e.TxID}}
	}
	return []span{{txID: e.TxID, parent: e.TxID != "" && inRun(e.Step)}}
}

// inRun tells whether a step happens in a transaction that beginsExecution or
// beginsValidation begins. What a client asks the registry (INV-2, INV-5) are
// proposals of their own.
func inRun(step string) bool {
	if step == "INV-2" || step == "INV-5" {
		return false
	}
	return strings.HasPrefix(step, "INV-") || strings.HasPrefix(step, "EX-") || strings.HasPrefix(step, "VAL-")
}

// TraceID is the trace of a transaction: the first half of its id, which is a
// SHA-256. The root's span id is what follows.
func TraceID(txID string) otel.TraceID {
	traceID, _ := idsOf(txID)
	return traceID
}

func idsOf(txID string) (traceID otel.TraceID, root otel.SpanID) {
	hash, err := hex.DecodeString(txID)
	if err != nil || len(hash) != sha256.Size {
		sum := sha256.Sum256([]byte(txID))
		hash = sum[:]
	}
	copy(traceID[:], hash)
	copy(root[:], hash[len(traceID):])
	return traceID, root
}

// contextKey is how a span reaches the generator of ids.
type contextKey struct{}

// context carries the span's place to the SDK.
func (s span) context() context.Context {
	ctx := context.WithValue(context.Background(), contextKey{}, s)
	if !s.parent {
		return ctx
	}
	return otel.ContextWithRemoteSpanContext(ctx, rootOf(s.txID))
}

func (s span) links() []otel.Link {
	if s.other == "" {
		return nil
	}
	return []otel.Link{{SpanContext: rootOf(s.other)}}
}

func rootOf(txID string) otel.SpanContext {
	traceID, root := idsOf(txID)
	return otel.NewSpanContext(otel.SpanContextConfig{TraceID: traceID, SpanID: root, TraceFlags: otel.FlagsSampled, Remote: true})
}

// ids generates the ids that the place of a span demands.
type ids struct{}

// NewIDs is called for spans without a parent.
func (ids) NewIDs(ctx context.Context) (otel.TraceID, otel.SpanID) {
	s, _ := ctx.Value(contextKey{}).(span)
	if s.txID == "" {
		var traceID otel.TraceID
		_, _ = rand.Read(traceID[:]) // documented never to fail
		return traceID, newSpanID()
	}
	traceID, root := idsOf(s.txID)
	if s.root {
		return traceID, root
	}
	return traceID, newSpanID()
}

// NewSpanID is called for spans with a parent.
func (ids) NewSpanID(context.Context, otel.TraceID) otel.SpanID { return newSpanID() }

func newSpanID() (id otel.SpanID) {
	_, _ = rand.Read(id[:]) // documented never to fail
	return id
}
