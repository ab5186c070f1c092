// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"fmt"
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
// many rounds. All figures are medians.
func MeasureEnclave(ctx context.Context, rounds int) (result Enclave, err error) {
	t := newBench(ctx)
	defer t.close(&err)
	invoke, crypto := t.invocation(), t.crypto()
	var invokes, cryptos []time.Duration
	for range rounds {
		i, c := timed(invoke), timed(crypto)
		invokes, cryptos = append(invokes, i), append(cryptos, c)
		result.Ratios = append(result.Ratios, float64(i)/float64(c))
	}
	result.Invoke, result.Crypto = median(invokes), median(cryptos)
	return result, nil
}

// timed returns how long one of perRound runs takes: the median, so that what
// the machine does between two of them does not count.
func timed(f func()) time.Duration {
	var took [perRound]time.Duration
	for i := range took {
		begun := time.Now()
		f()
		took[i] = time.Since(begun)
	}
	return median(took[:])
}

// enclaveInvoke makes the figure.
func enclaveInvoke(ctx context.Context, c Config, _ string) ([]Figure, error) {
	e, err := MeasureEnclave(ctx, pick(c, 9, 61))
	if err != nil {
		return nil, err
	}
	return []Figure{figure(EnclaveInvoke, "",
		fmt.Sprintf("enclave side of one Lite invocation (request of %d bytes, one read, one write, transport to its process included) over the sum of its own HPKE open, creator check, signature and AEAD", requestSize),
		e.Ratios, fmt.Sprintf("invocation %s, its cryptography %s", micros(e.Invoke), micros(e.Crypto)))}, nil
}

// invocation returns one call of an enclave process.
func (t *bench) invocation() func() {
	p, err := launch.Start(t.Context(), launch.Config{Binary: enclavetest.Build(t, "github.com/privatechaincode/fpc/internal/bench/kv")})
	t.check(err)
	t.Cleanup(func() { _ = p.Stop() })
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
