// SPDX-License-Identifier: Apache-2.0

package chaincode

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// call is one execution of one chaincode within a transaction.
type call struct {
	ctx       context.Context
	support   *Support
	inv       *Invocation
	namespace string
	// result takes the message that ends the execution.
	result chan *peer.ChaincodeMessage

	mu      sync.Mutex
	busy    bool
	queries map[string]*query
	opened  int
}

func newCall(ctx context.Context, support *Support, inv *Invocation, namespace string) *call {
	return &call{
		ctx: ctx, support: support, inv: inv, namespace: namespace,
		result:  make(chan *peer.ChaincodeMessage, 1),
		queries: map[string]*query{},
	}
}

// finish takes the final message; a second one is dropped.
func (c *call) finish(msg *peer.ChaincodeMessage) {
	select {
	case c.result <- msg:
	default:
	}
}

// begin tells whether a request may be served: one at a time.
func (c *call) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy {
		return false
	}
	c.busy = true
	return true
}

func (c *call) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
}

// nextQuery returns a fresh id for a query; a nil query is not kept, because it
// is answered in one message.
func (c *call) nextQuery(q *query) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened++
	id := strconv.Itoa(c.opened)
	if q != nil {
		c.queries[id] = q
	}
	return id
}

func (c *call) query(id string) *query {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queries[id]
}

// endQuery closes a query; an unknown one is no error, because a query that is
// exhausted has been closed already.
func (c *call) endQuery(id string) error {
	c.mu.Lock()
	q := c.queries[id]
	delete(c.queries, id)
	c.mu.Unlock()
	if q == nil {
		return nil
	}
	return q.close()
}

func (c *call) closeQueries() {
	c.mu.Lock()
	queries := c.queries
	c.queries = map[string]*query{}
	c.mu.Unlock()
	for _, q := range queries {
		_ = q.close() // a read-only iterator: nothing to lose
	}
}

// request answers one message of a chaincode with the payload of a RESPONSE.
type request func(c *call, payload []byte) ([]byte, error)

// requestOf returns how a message is served that a ready chaincode sends while
// it executes, nil for one that it must not send.
func requestOf(kind peer.ChaincodeMessage_Type) request {
	switch kind {
	case peer.ChaincodeMessage_GET_STATE:
		return decoded(getState)
	case peer.ChaincodeMessage_GET_STATE_MULTIPLE:
		return decoded(getStates)
	case peer.ChaincodeMessage_PUT_STATE:
		return decoded(putState)
	case peer.ChaincodeMessage_DEL_STATE:
		return decoded(delState)
	case peer.ChaincodeMessage_WRITE_BATCH_STATE:
		return decoded(writeBatch)
	case peer.ChaincodeMessage_GET_STATE_METADATA:
		return decoded(getMetadata)
	case peer.ChaincodeMessage_PUT_STATE_METADATA:
		return decoded(putMetadata)
	case peer.ChaincodeMessage_GET_PRIVATE_DATA_HASH:
		return decoded(getPrivateHash)
	case peer.ChaincodeMessage_PURGE_PRIVATE_DATA:
		return decoded(purgePrivate)
	case peer.ChaincodeMessage_GET_STATE_BY_RANGE:
		return decoded(rangeQuery)
	case peer.ChaincodeMessage_GET_QUERY_RESULT:
		return decoded(richQuery)
	case peer.ChaincodeMessage_GET_HISTORY_FOR_KEY:
		return decoded(historyQuery)
	case peer.ChaincodeMessage_QUERY_STATE_NEXT:
		return decoded(nextRows)
	case peer.ChaincodeMessage_QUERY_STATE_CLOSE:
		return decoded(closeQuery)
	case peer.ChaincodeMessage_INVOKE_CHAINCODE:
		return decoded(invokeChaincode)
	default:
		return nil
	}
}

// decoded unmarshals a message's payload before it is served.
func decoded[M any, P interface {
	*M
	proto.Message
}](serve func(c *call, m P) ([]byte, error)) request {
	return func(c *call, payload []byte) ([]byte, error) {
		m := P(new(M))
		if err := proto.Unmarshal(payload, m); err != nil {
			return nil, fmt.Errorf("unmarshal failed: %w", err)
		}
		return serve(c, m)
	}
}
