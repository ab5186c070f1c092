// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func searcher(t *testing.T, text string) *Searcher {
	t.Helper()
	s, err := New([]Secret{{Name: "bid", Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryFormIsFound(t *testing.T) {
	const number = "7300118829441"
	n := uint64(7300118829441)
	cases := map[string][]byte{
		"text":          []byte(number),
		"hex":           []byte(hex.EncodeToString([]byte(number))),
		"HEX":           []byte(strings.ToUpper(hex.EncodeToString([]byte(number)))),
		"base64":        []byte(base64.StdEncoding.EncodeToString([]byte("x" + number + "yz"))),
		"base64 of two": []byte(base64.StdEncoding.EncodeToString([]byte("xy" + number))),
		"base64url":     []byte(base64.URLEncoding.EncodeToString([]byte(number))),
		"big endian":    binary.BigEndian.AppendUint64(nil, n),
		"little endian": binary.LittleEndian.AppendUint64(nil, n),
		"varint":        binary.AppendUvarint(nil, n),
	}
	s := searcher(t, number)
	for name, form := range cases {
		haystack := append(bytes.Repeat([]byte{0xee}, 100), form...)
		haystack = append(haystack, 0xee)
		if got := s.Bytes(name, haystack); len(got) == 0 {
			t.Errorf("%s: found nothing, want a finding", name)
		}
	}
	if got := s.Bytes("other", []byte("7300118829440 and 8300118829441")); len(got) != 0 {
		t.Errorf("other numbers: got %v, want nothing", got)
	}
}

func TestFormsWithJSONEscapes(t *testing.T) {
	s := searcher(t, `a "quoted" <secret>`)
	if got := s.Bytes("json", []byte(`{"v":"a \"quoted\" \u003csecret\u003e"}`)); len(got) == 0 {
		t.Error("escaped in JSON: found nothing, want a finding")
	}
}

func TestReaderFindsAcrossChunks(t *testing.T) {
	s := searcher(t, "straddles")
	for _, at := range []int{0, 1, chunk - 4, chunk, chunk + s.longest - 4, 2 * chunk} {
		haystack := bytes.Repeat([]byte{'.'}, 3*chunk)
		copy(haystack[at:], "straddles")
		got, n, err := s.Reader("stream", iotest.HalfReader(bytes.NewReader(haystack)))
		if err != nil || n != int64(len(haystack)) || len(got) != 1 {
			t.Errorf("at %d: got %v, %d bytes, error %v; want one finding in %d bytes", at, got, n, err, len(haystack))
		}
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	if _, err := New([]Secret{{Name: "pin", Text: "1234"}}); err == nil {
		t.Error("a secret of four bytes: no error, want one")
	}
}

func TestMemoryOfAnotherProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of another process can be searched on Linux only")
	}
	if os.Getenv("LEAK_CHILD") != "" {
		secret := strings.Repeat(os.Getenv("LEAK_CHILD"), 2)
		os.Stdout.WriteString("ready\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		runtime.KeepAlive(secret)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestMemoryOfAnotherProcess$")
	child.Env = append(os.Environ(), "LEAK_CHILD=kept-in-memory")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = child.Wait() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	got, n, err := searcher(t, "kept-in-memorykept-in-memory").Memory("child", child.Process.Pid)
	if err != nil || len(got) == 0 {
		t.Errorf("got %v in %d bytes, error %v; want a finding", got, n, err)
	}
	got, _, err = searcher(t, strings.Repeat("never in this child ", 2)).Memory("child", child.Process.Pid)
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, error %v; want nothing", got, err)
	}
}
