// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/privatechaincode/fpc/protocol"
)

var (
	codeA = strings.Repeat("aa", 32)
	codeB = strings.Repeat("bb", 48)
)

func TestCodeManifest(t *testing.T) {
	m, err := protocol.NewCodeManifest("sim:"+codeA, "sevsnp:"+codeB)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(m.Bytes()), "sevsnp:"+codeB+"\nsim:"+codeA+"\n"; got != want {
		t.Fatalf("Bytes = %q, want %q", got, want)
	}
	sum := sha256.Sum256(m.Bytes())
	if got, want := m.Version(), "fpc-"+hex.EncodeToString(sum[:]); got != want {
		t.Errorf("Version = %q, want %q", got, want)
	}
	parsed, err := protocol.CheckManifest("REG-12", m.Bytes(), m.Version())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		platform, code string
		want           bool
	}{{"sim", codeA, true}, {"sevsnp", codeB, true}, {"sevsnp", codeA, false}, {"sim", codeB, false}, {"sim", "", false}} {
		if got := parsed.Contains(test.platform, test.code); got != test.want {
			t.Errorf("Contains(%q, %.8q) = %v, want %v", test.platform, test.code, got, test.want)
		}
	}
	_, err = protocol.CheckManifest("REG-12", m.Bytes(), "fpc-0")
	wantCode(t, err, protocol.CodeWrongVersion)
}

func TestCodeManifestIsStrict(t *testing.T) {
	line := "sim:" + codeA + "\n"
	for name, text := range map[string]string{
		"empty":         "",
		"only newline":  "\n",
		"no newline":    "sim:" + codeA,
		"repeated":      line + line,
		"unsorted":      line + "sevsnp:" + codeA + "\n",
		"blank line":    line + "\n",
		"upper case":    "sim:" + strings.ToUpper(codeA) + "\n",
		"no platform":   ":" + codeA + "\n",
		"short code id": "sim:aa\n",
		"carriage":      "sim:" + codeA + "\r\n",
		"too many":      manyLines(65),
	} {
		if m, err := protocol.ParseCodeManifest([]byte(text)); protocol.CodeOf(err) != protocol.CodeMalformed {
			t.Errorf("%s: parsed as %v, error %v, want code %q", name, m.Entries(), err, protocol.CodeMalformed)
		}
	}
}

func manyLines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("sim:" + strings.Repeat("0", 62) + hex.EncodeToString([]byte{byte(i)}) + "\n")
	}
	return b.String()
}

func FuzzCodeManifest(f *testing.F) {
	f.Add("sim:" + codeA + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := protocol.ParseCodeManifest([]byte(text))
		if err != nil {
			wantCode(t, err, protocol.CodeMalformed)
			return
		}
		if string(m.Bytes()) != text {
			t.Fatalf("Bytes = %q, want %q", m.Bytes(), text)
		}
	})
}
