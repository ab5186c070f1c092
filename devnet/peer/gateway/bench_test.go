// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"testing"

	"github.com/privatechaincode/fpc/devnet/peer/peertest"
	pb "github.com/privatechaincode/fpc/internal/pb/gateway"
	"github.com/privatechaincode/fpc/internal/rpc"
)

// BenchmarkEvaluate is one query through the gateway of a chaincode that is a
// service, by as many clients as there are processors.
func BenchmarkEvaluate(b *testing.B) {
	n := peertest.Start(b, 3)
	n.Deploy(b, peertest.Definition{Name: "kv"}, peertest.Script)
	gateway, client := rpc.NewGatewayClient(n.Nodes[0].Conn), n.Orgs[0].Client()
	b.ResetTimer()
	b.RunParallel(func(each *testing.PB) {
		for each.Next() {
			p := peertest.Propose(b, client, peertest.Run("kv", "get a"))
			if _, err := gateway.Evaluate(b.Context(), &pb.EvaluateRequest{ProposedTransaction: p.SignedProposal}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
