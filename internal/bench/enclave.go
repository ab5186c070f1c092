// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fabric/msp"
	"github.com/privatechaincode/fpc/fpctest"
	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/keys"
	"github.com/privatechaincode/fpc/stub/launch"
)

// Enclave is what [MeasureEnclave] found.
type Enclave struct {
	Invoke time.Duration // one Lite invocation, as its host waits for it
	Crypto time.Duration // the cryptography in it
	Ratios []float64     // of one over the other, by round
	Halves []float64     // likewise, of the median calls
}

// Ratio is enclave_invoke_over_crypto.
func (e Enclave) Ratio() float64 { return median(e.Ratios) }

// Sizes of the measured invocation, in bytes.
const (
	requestSize = 1024
	valueSize   = 100
)

// perRound is how many calls a round measures. Rounds of both kinds
// take turns, so that what else the machine does hits both.
const perRound = 50

// MeasureEnclave measures the enclave side of one Lite invocation with a request
// of 1 KiB, one read and one write, transport to a process of its own included,
// beside the sum of its own HPKE open, creator check, signature and AEAD, in that
// many rounds.
//
// A round stands for itself by its lower quartile, on both sides: a call that
// waits for another process four times is held up by whatever else the machine
// does, one that computes is hardly. The medians are given too.
func MeasureEnclave(ctx context.Context, rounds int) (result Enclave, err error) {
	t := newBench(ctx)
	defer t.close(&err)
	invoke, crypto := t.invocation(), t.crypto()
	var invokes, cryptos []time.Duration
	for range rounds {
		i, c := timed(invoke), timed(crypto)
		invokes, cryptos = append(invokes, percentile(i, 25)), append(cryptos, percentile(c, 25))
		result.Ratios = append(result.Ratios, float64(percentile(i, 25))/float64(percentile(c, 25)))
		result.Halves = append(result.Halves, float64(percentile(i, 50))/float64(percentile(c, 50)))
	}
	result.Invoke, result.Crypto = median(invokes), median(cryptos)
	return result, nil
}

// timed returns how long perRound runs take each, the fastest first.
func timed(f func()) []time.Duration {
	took := make([]time.Duration, perRound)
	for i := range took {
		begun := time.Now()
		f()
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	return took
}

// enclaveInvoke makes the figure.
func enclaveInvoke(ctx context.Context, c Config, _ string) ([]Figure, error) {
	e, err := MeasureEnclave(ctx, pick(c, 9, 61))
	if err != nil {
		return nil, err
	}
	return []Figure{figure(EnclaveInvoke, "",
		fmt.Sprintf("enclave side of one Lite invocation (request of %d bytes, one read, one write, transport to its process included) over the sum of its own HPKE open, creator check, signature and AEAD", requestSize),
		e.Ratios,
		fmt.Sprintf("of the lower quartile of %d calls in each round: invocation %s, its cryptography %s", perRound, micros(e.Invoke), micros(e.Crypto)),
		fmt.Sprintf("of the median calls, which wait for a busy machine: %.3g", median(e.Halves)))}, nil
}

// invocation returns one call of an enclave process.
func (t *bench) invocation() func() {
	return t.invocationOf(enclavetest.Build(t, "github.com/privatechaincode/fpc/internal/bench/kv"))
}

// invocationOf is invocation for a program that is built.
func (t *bench) invocationOf(program string) func() {
	p := t.launched(launch.Config{Binary: program})
	w := enclavetest.New(t)
	w.CodeID = p.CodeID()
	w.Provision(enclavetest.Remote{Caller: p})
	host, client := enclavetest.NewHost(), w.Org1.Client()
	host.Commit(w.Ask(client, "put", "key", strings.Repeat("v", valueSize)).MustSend(host))
	call := w.Ask(client, "set", "key", strings.Repeat("v", requestSize))
	return func() {
		_, err := w.Enclave.Invoke(t.Context(), call.Request, host)
		t.check(err)
	}
}

// crypto returns the cryptographic operations of that call, on messages of the
// same sizes.
func (t *bench) crypto() func() {
	w := enclavetest.New(t).Start(enclavetest.KV{})
	client := w.Org1.Client()
	call := w.Ask(client, "set", "key", strings.Repeat("v", requestSize))
	response, err := w.Enclave.Invoke(t.Context(), call.Request, enclavetest.NewHost())
	t.check(err)
	signed, ccrsp := &peer.SignedProposal{}, &fpc.Response{}
	t.check(proto.Unmarshal(call.Request.GetSignedProposal(), signed))
	t.check(proto.Unmarshal(response.GetResponse(), ccrsp))
	creator := t.identity(w, client)

	request := keys.RequestBinding{ChannelHash: w.ChannelHash, ChaincodeID: w.ChaincodeID, Creator: client.Creator()}
	dk, err := keys.GenerateChaincodeDK(keys.DefaultSuite)
	t.check(err)
	ek, err := dk.Public()
	t.check(err)
	sealedRequest, err := ek.SealRequest(request, keys.PadPadme, make([]byte, requestSize))
	t.check(err)
	sek, err := keys.NewStateKey()
	t.check(err)
	value := keys.ValueBinding{ChannelHash: w.ChannelHash, ChaincodeID: w.ChaincodeID, Key: "key"}
	read, err := sek.SealValue(value, keys.PadPadme, make([]byte, valueSize))
	t.check(err)
	sk, err := keys.NewEnclaveSK()
	t.check(err)
	written, answer := make([]byte, requestSize), make([]byte, valueSize)
	binding := keys.ResponseBinding{ChannelHash: w.ChannelHash, ChaincodeID: w.ChaincodeID}
	return func() {
		t.check(creator.Verify(signed.GetProposalBytes(), signed.GetSignature()))
		_, err := dk.OpenRequest(request, sealedRequest)
		t.check(err)
		_, _, err = sek.OpenValue(value, read)
		t.check(err)
		_, err = sek.SealValue(value, keys.PadPadme, written)
		t.check(err)
		_, err = call.RKey.SealResponse(binding, keys.PadPadme, answer)
		t.check(err)
		_, err = sk.Sign(keys.LabelResponse, ccrsp.GetResponse())
		t.check(err)
	}
}

// identity is the creator as the enclave keeps it ready: chain and rules were
// checked at its first proposal.
func (t *bench) identity(w *enclavetest.World, m *fpctest.Member) *msp.Identity {
	id, err := fpctest.NewManager(t, w.Org1, w.Org2).Identity(m.Creator())
	t.check(err)
	return id
}

func (t *bench) check(err error) {
	if err != nil {
		t.Fatalf("bench: %v", err)
	}
}

// String prints the figures.
func (e Enclave) String() string {
	return fmt.Sprintf("enclave invoke %v, its cryptography %v, ratio %.2f", e.Invoke, e.Crypto, e.Ratio())
}
