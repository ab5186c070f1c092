// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package equivalence

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/privatechaincode/fpc/e2e/equivalence/script"
	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/keys"
)

// TestSameChaincodePlainAndPrivate runs random invocations one after the other
// on two ledgers. After each, the client's answer, the event and the whole state
// are the same.
func TestSameChaincodePlainAndPrivate(t *testing.T) {
	s := newStage(t, script.Chaincode{})
	rapid.Check(t, func(rt *rapid.T) { s.newPair().history(rt, everyOp) })
}

// The same with blinded keys, for what they allow: all that names its key.
func TestSameChaincodePlainAndBlinded(t *testing.T) {
	s := newStage(t, script.Chaincode{}, func(c *enclave.Config) { c.BlindedKeys = true })
	rapid.Check(t, func(rt *rapid.T) { s.newPair().history(rt, pointOps) })
}

// Padding changes lengths and nothing else.
func TestSameChaincodePlainAndUnpadded(t *testing.T) {
	s := newStage(t, script.Chaincode{}, func(c *enclave.Config) { c.Padding = keys.PadNone })
	rapid.Check(t, func(rt *rapid.T) { s.newPair().history(rt, everyOp) })
}

// TestSameConflicts lets two invocations run on the same state and commits one
// after the other: the second is a conflict on both ledgers, or on none.
func TestSameConflicts(t *testing.T) {
	for name, change := range map[string]func(*enclave.Config){
		"in clear": func(*enclave.Config) {},
		"blinded":  func(c *enclave.Config) { c.BlindedKeys = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, script.Chaincode{}, change)
			ops := conflictOps
			if s.blinded {
				ops = conflictPointOps
			}
			conflicts := 0
			rapid.Check(t, func(rt *rapid.T) { conflicts += s.newPair().overlap(rt, ops) })
			if conflicts == 0 {
				t.Error("no two invocations were in conflict, so nothing was compared")
			}
		})
	}
}

// history draws and runs invocations, on a state with something in it.
func (p *pair) history(rt *rapid.T, ops []string) {
	p.fill(rt)
	for i := range rapid.IntRange(1, 6).Draw(rt, "invocations") {
		x := drawTx(rt, ops)
		plain, commitPlain := p.runPlain(x)
		private, commitPrivate := p.runPrivate(x)
		wantSameOutcome(rt, i, plain, private)
		if rapid.IntRange(0, 3).Draw(rt, "submit") == 0 {
			continue
		}
		if a, b := commitPlain(), commitPrivate(); a != b {
			rt.Fatalf("invocation %d: committed plain %v, private %v", i, a, b)
		}
		p.wantSameState(rt)
	}
}

// fill commits a drawn state.
func (p *pair) fill(rt *rapid.T) {
	x := drawFill(rt)
	_, commitPlain := p.runPlain(x)
	_, commitPrivate := p.runPrivate(x)
	if a, b := commitPlain(), commitPrivate(); !a || !b {
		rt.Fatalf("fill the state: committed plain %v, private %v, want both", a, b)
	}
	p.wantSameState(rt)
}

// overlap runs two invocations on the same state before it commits them. It returns how many conflicts there were.
func (p *pair) overlap(rt *rapid.T, ops []string) (conflicts int) {
	p.fill(rt)
	first, second := drawTx(rt, ops), drawTx(rt, ops)
	plain1, commitPlain1 := p.runPlain(first)
	plain2, commitPlain2 := p.runPlain(second)
	private1, commitPrivate1 := p.runPrivate(first)
	private2, commitPrivate2 := p.runPrivate(second)
	wantSameOutcome(rt, 1, plain1, private1)
	wantSameOutcome(rt, 2, plain2, private2)
	for i, commit := range [][2]func() bool{{commitPlain1, commitPrivate1}, {commitPlain2, commitPrivate2}} {
		a, b := commit[0](), commit[1]()
		if a != b {
			rt.Fatalf("invocation %d: committed plain %v, private %v", i+1, a, b)
		}
		if !a && i == 1 && plain2.Status < 400 {
			conflicts++
		}
	}
	p.wantSameState(rt)
	return conflicts
}

// readOnly is what plain and private chaincodes are told of pages beside writes,
// each in its own words.
var readOnly = []*regexp.Regexp{
	regexp.MustCompile(`error: txid \[[0-9a-f]+\]: the transaction has read a page: writes are not allowed`),
	regexp.MustCompile(`error: txid \[[0-9a-f]+\]: pages can be read only in a read-only transaction`),
	regexp.MustCompile(`error: a transaction that read a page may not write`),
	regexp.MustCompile(`error: a transaction that has written may not read pages`),
}

func wantSameOutcome(rt *rapid.T, i int, plain, private outcome) {
	for _, words := range readOnly {
		plain.Payload = words.ReplaceAllString(plain.Payload, "error: pages and writes")
		private.Payload = words.ReplaceAllString(private.Payload, "error: pages and writes")
	}
	if plain != private {
		rt.Fatalf("invocation %d:\nplain   %+v\nprivate %+v", i, plain, private)
	}
}
