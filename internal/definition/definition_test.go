// SPDX-License-Identifier: Apache-2.0

package definition_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/internal/definition"
	"github.com/privatechaincode/fpc/internal/pb/lifecycle"
	"github.com/privatechaincode/fpc/shim"
)

// answering is a peer whose _lifecycle says what the test wants.
type answering struct{ response *shim.Response }

func (answering) GetChannelID() string { return "ch" }

func (a answering) InvokeChaincode(string, [][]byte, string) *shim.Response { return a.response }

// FuzzCommitted: whatever a peer's _lifecycle answers, it is a definition under
// the name and on the channel that were asked for, or an error.
func FuzzCommitted(f *testing.F) {
	good, err := proto.Marshal(&lifecycle.QueryChaincodeDefinitionResult{Sequence: 1, Version: "fpc-1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(int32(shim.OK), good)
	f.Add(int32(shim.OK), []byte("\xff"))
	f.Add(int32(404), []byte{})
	f.Fuzz(func(t *testing.T, status int32, payload []byte) {
		d, err := definition.Committed(answering{&shim.Response{Status: status, Payload: payload}}, "auction")
		switch {
		case err == nil && status != shim.OK:
			t.Fatalf("status %d: got %v, want an error", status, d)
		case err == nil && (d.CCParams().GetChaincodeId() != "auction" || d.CCParams().GetChannelId() != "ch"):
			t.Fatalf("got %v, want auction on ch", d.CCParams())
		}
	})
}
