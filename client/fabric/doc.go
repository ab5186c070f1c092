// SPDX-License-Identifier: Apache-2.0

// Package fabric is Fabric's network as a client reaches it: peers, orderers,
// proposals, transactions, commits. It knows nothing of private chaincodes and
// trusts no server: who must verify an endorsement verifies it on top.
//
// The steps are types, as in Fabric's own SDK: [Prepare] gives a [Proposal],
// [Endorse] a [Transaction], [Orderer.Broadcast] sends it, a [Watcher] tells
// how it was committed. [Network.Submit] and [Network.Evaluate] are the one-line
// forms.
package fabric
