// SPDX-License-Identifier: Apache-2.0

package scc

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/devnet/ledger"
	"github.com/privatechaincode/fpc/devnet/peer/chaincode"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// Query is the `qscc` chaincode. Its functions take the channel's name and, all
// but GetChainInfo, what is sought.
type Query struct {
	Ledgers Ledgers
	Access  Access
}

// Name implements chaincode.System.
func (q *Query) Name() string { return "qscc" }

// Invoke implements chaincode.System.
func (q *Query) Invoke(_ context.Context, inv *chaincode.Invocation, args [][]byte) *peer.Response {
	if caller, ok := calledBy(inv, q.Name()); ok {
		return refuse("Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, original invocation for '%s'", caller)
	}
	if len(args) < 2 {
		return refuse("Incorrect number of arguments, %d", len(args))
	}
	function, channelID := string(args[0]), string(args[1])
	find, ok := lookups[function]
	if !ok {
		return refuse("Requested function %s not found.", function)
	}
	if function != chainInfo && len(args) < 3 {
		return refuse("missing 3rd argument for %s", function)
	}
	l, ok := q.Ledgers.Channel(channelID)
	if !ok {
		return refuse("Invalid chain ID, %s", channelID)
	}
	if err := q.Access(q.Name()+"/"+function, channelID, inv.Proposal.SignedData()); err != nil {
		return refuse("access denied for [%s][%s]: [%s]", function, channelID, err)
	}
	var key []byte
	if len(args) > 2 {
		key = args[2]
	}
	found, err := find(l, key)
	if err != nil {
		return refuse("%s failed: %s", function, err)
	}
	return success(found)
}

const chainInfo = "GetChainInfo"

// lookups are the functions of the chaincode.
var lookups = map[string]func(l *ledger.Ledger, key []byte) (proto.Message, error){
	chainInfo: func(l *ledger.Ledger, _ []byte) (proto.Message, error) { return l.Info(), nil },
	"GetBlockByNumber": func(l *ledger.Ledger, key []byte) (proto.Message, error) {
		number, err := strconv.ParseUint(string(key), 10, 64)
		if err != nil {
			return nil, err
		}
		return l.Block(number)
	},
	"GetBlockByHash":     func(l *ledger.Ledger, key []byte) (proto.Message, error) { return l.BlockByHash(key) },
	"GetBlockByTxID":     func(l *ledger.Ledger, key []byte) (proto.Message, error) { return l.BlockByTxID(string(key)) },
	"GetTransactionByID": func(l *ledger.Ledger, key []byte) (proto.Message, error) { return l.Transaction(string(key)) },
}
