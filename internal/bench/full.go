// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package bench

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/fpctest/full"
	"github.com/privatechaincode/fpc/ledgerhost"
	"github.com/privatechaincode/fpc/stub/launch"
	"github.com/privatechaincode/fpc/transport"
)

// FullInvoke is the name of the figure.
const FullInvoke = "full_invoke_over_lite"

// fullInvoke measures one invocation of an enclave of Full mode, its questions sent
// on to a ledger enclave beside it, over the same invocation of one in Lite:
// request of 1 KiB, one read, one write, all enclaves processes of their own.
func fullInvoke(ctx context.Context, c Config, _ string) (_ []Figure, err error) {
	t := newBench(ctx)
	defer t.close(&err)
	program := enclavetest.Build(t, "github.com/privatechaincode/fpc/internal/bench/kv")
	inLite, inFull := t.invocationOf(program), t.fullInvocation(c, program)
	var ratios []float64
	var lites, fulls []time.Duration
	for range pick(c, 9, 61) {
		l, f := percentile(timed(inLite), 25), percentile(timed(inFull), 25)
		lites, fulls = append(lites, l), append(fulls, f)
		ratios = append(ratios, float64(f)/float64(l))
	}
	return []Figure{figure(FullInvoke, "",
		fmt.Sprintf("one invocation in Full mode (request of %d bytes, one read, one write; enclave, ledger enclave and the connection over which a stub asks it as in service) over the same in Lite", requestSize),
		ratios, fmt.Sprintf("of the lower quartile of %d calls in each round: Full %s, Lite %s", perRound, micros(median(fulls)), micros(median(lites))))}, nil
}

// fullInvocation returns one call of an enclave process in Full mode.
func (t *bench) fullInvocation(c Config, program string) func() {
	w := full.New(t, enclavetest.KV{})
	first := w.Hosts[0]
	listener, path := enclavetest.Listen(t)
	ledger := full.RemoteLedger{Caller: t.launched(launch.Config{
		Binary: filepath.Join(c.Bin, "fpc-ledger"), Limits: transport.BlockLimits(), ReadStatus: ledgerhost.ReadStatus, Listener: listener,
	})}
	t.check(listener.Close())
	ledger.Join(w)
	first.Ledger = full.DirectLedger{RemoteLedger: ledger, Stub: full.RemoteLedger{Caller: t.stub(path)}}
	first.Enclave = enclavetest.Remote{Caller: t.launched(launch.Config{Binary: program})}
	w.Provision()
	w.Submit("put", "key", strings.Repeat("v", valueSize))
	call := w.Ask("set", "key", strings.Repeat("v", requestSize))
	return func() {
		_, err := first.Enclave.Invoke(t.Context(), call.Request, first.Simulate())
		t.check(err)
	}
}

// launched starts an enclave's process.
func (t *bench) launched(c launch.Config) *launch.Process {
	c.StartTimeout = time.Minute // of a machine that is busy
	p, err := launch.Start(t.Context(), c)
	t.check(err)
	t.Cleanup(func() { _ = p.Stop() })
	return p
}

// stub connects with a ledger enclave as a stub does.
func (t *bench) stub(path string) *transport.Host {
	conn, err := net.Dial("unix", path)
	t.check(err)
	host := transport.NewHost(conn.(*net.UnixConn), transport.Limits{})
	t.Cleanup(func() { _ = host.Close() })
	return host
}
