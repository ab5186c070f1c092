// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package enclave_test

import (
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/enclave"
	"github.com/privatechaincode/fpc/enclave/enclavetest"
	"github.com/privatechaincode/fpc/stub/launch"
)

// BenchmarkInvoke is one Lite invocation with a request of 1 KiB, one read and
// one write, without a transport and through one to a process.
func BenchmarkInvoke(b *testing.B) {
	run := func(b *testing.B, w *enclavetest.World) {
		host := enclavetest.NewHost()
		put(w, host, "key", strings.Repeat("v", 100))
		call := w.Ask(w.Org1.Client(), "set", "key", strings.Repeat("v", 1024))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.Enclave.Invoke(b.Context(), call.Request, host); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("direct", func(b *testing.B) { run(b, enclavetest.New(b).Start(enclavetest.KV{})) })
	b.Run("process", func(b *testing.B) {
		p, err := launch.Start(b.Context(), launch.Config{Binary: enclavetest.Build(b, "../internal/bench/kv")})
		if err != nil {
			b.Fatal(err)
		}
		defer p.Stop()
		w := enclavetest.New(b)
		w.CodeID = p.CodeID()
		run(b, w.Provision(enclavetest.Remote{Caller: p}))
	})
}

var _ enclave.StateAccess = (*enclavetest.Host)(nil)
