// SPDX-License-Identifier: Apache-2.0

package shim_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/privatechaincode/fpc/shim"
)

func TestArgs(t *testing.T) {
	for _, test := range []struct {
		name       string
		args       shim.Args
		function   string
		parameters []string
		joined     string
	}{
		{"none", nil, "", []string{}, ""},
		{"function", shim.Args{[]byte("read")}, "read", []string{}, "read"},
		{"function and parameters", shim.Args{[]byte("move"), []byte("a"), nil, []byte("b")}, "move", []string{"a", "", "b"}, "moveab"},
	} {
		t.Run(test.name, func(t *testing.T) {
			function, parameters := test.args.GetFunctionAndParameters()
			if function != test.function || !slices.Equal(parameters, test.parameters) {
				t.Errorf("function and parameters = %q, %q, want %q, %q", function, parameters, test.function, test.parameters)
			}
			if got, err := test.args.GetArgsSlice(); err != nil || string(got) != test.joined {
				t.Errorf("joined = %q, error %v, want %q", got, err, test.joined)
			}
			if got := len(test.args.GetStringArgs()); got != len(test.args) {
				t.Errorf("%d string arguments, want %d", got, len(test.args))
			}
		})
	}
}

func TestBinding(t *testing.T) {
	want := sha256.Sum256([]byte("noncecreator\x02\x01\x00\x00\x00\x00\x00\x00"))
	if got := shim.Binding([]byte("nonce"), []byte("creator"), 0x0102); !bytes.Equal(got, want[:]) {
		t.Errorf("Binding = %x, want %x", got, want)
	}
}

func TestUnsupported(t *testing.T) {
	var err error = &shim.UnsupportedError{Method: "GetQueryResult", Reason: "a database cannot search what is sealed", Hint: "use composite keys"}
	if !errors.Is(err, shim.ErrUnsupported) {
		t.Errorf("%v is not ErrUnsupported", err)
	}
	if want := "GetQueryResult: a database cannot search what is sealed; use composite keys"; err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
	if errors.Is(errors.New("other"), shim.ErrUnsupported) {
		t.Error("another error is ErrUnsupported")
	}
}

func TestRows(t *testing.T) {
	rows := shim.NewRows([]*shim.KV{{Key: "a"}, {Key: "b"}})
	for _, want := range []string{"a", "b"} {
		if row, err := rows.Next(); err != nil || row.GetKey() != want {
			t.Fatalf("Next = %v, error %v, want key %q", row, err, want)
		}
	}
	if _, err := rows.Next(); !errors.Is(err, shim.ErrNoMoreRows) {
		t.Errorf("Next after the last: error %v, want %v", err, shim.ErrNoMoreRows)
	}
	rows = shim.NewRows([]*shim.KV{{Key: "a"}})
	if err := rows.Close(); err != nil || rows.HasNext() {
		t.Errorf("after Close (error %v) a row is left", err)
	}
}
