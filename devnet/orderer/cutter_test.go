// SPDX-License-Identifier: Apache-2.0

package orderer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/fabric/channel"
	"github.com/privatechaincode/fpc/internal/pb/common"
)

// show writes batches as sizes: "3+4 | 9".
func show(batches [][]*common.Envelope) string {
	out := make([]string, len(batches))
	for i, b := range batches {
		sizes := make([]string, len(b))
		for j, m := range b {
			sizes[j] = fmt.Sprint(messageBytes(m))
		}
		out[i] = strings.Join(sizes, "+")
	}
	return strings.Join(out, " | ")
}

func TestCutter(t *testing.T) {
	limits := channel.Batch{MaxMessages: 3, PreferredMaxBytes: 10, AbsoluteMaxBytes: 100}
	for _, c := range []struct {
		name    string
		limits  channel.Batch
		sizes   []int    // of the messages, in order
		cuts    []string // what each of them completes
		pending string
	}{
		{"one waits", limits, []int{4}, []string{""}, "4"},
		{"count completes", limits, []int{1, 1, 1}, []string{"", "", "1+1+1"}, ""},
		{"count of one", channel.Batch{MaxMessages: 1, PreferredMaxBytes: 10}, []int{1, 2}, []string{"1", "2"}, ""},
		{"exactly preferred stays", limits, []int{4, 6}, []string{"", ""}, "4+6"},
		{"over preferred cuts before", limits, []int{4, 7}, []string{"", "4"}, "7"},
		{"over preferred, then count", limits, []int{6, 6, 2, 2}, []string{"", "6", "", "6+2+2"}, ""},
		{"large message alone", limits, []int{11}, []string{"11"}, ""},
		{"large message after pending", limits, []int{3, 11}, []string{"", "3 | 11"}, ""},
		{"after a large message", limits, []int{11, 2}, []string{"11", ""}, "2"},
		{"exactly preferred alone waits", limits, []int{10}, []string{""}, "10"},
		{"preferred and count together", channel.Batch{MaxMessages: 1, PreferredMaxBytes: 10}, []int{11}, []string{"11"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cut cutter
			for i, size := range c.sizes {
				// The signature counts as much as the payload.
				m := &common.Envelope{Payload: make([]byte, size-1), Signature: make([]byte, 1)}
				if got := show(cut.add(m, c.limits)); got != c.cuts[i] {
					t.Errorf("message %d of %d bytes completes %q, want %q", i, size, got, c.cuts[i])
				}
			}
			rest := cut.cut()
			if got := show([][]*common.Envelope{rest}); got != c.pending {
				t.Errorf("pending: got %q, want %q", got, c.pending)
			}
			if again := cut.cut(); again != nil {
				t.Errorf("second cut: got %d messages, want none", len(again))
			}
		})
	}
}
