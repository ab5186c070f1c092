// SPDX-License-Identifier: Apache-2.0

package chaincode_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"testing"

	"github.com/privatechaincode/fpc/fabric/envelope"
	lifecyclepb "github.com/privatechaincode/fpc/internal/pb/lifecycle"
	pb "github.com/privatechaincode/fpc/internal/pb/peer"
)

func queryDefinition(name string) *lifecyclepb.QueryChaincodeDefinitionArgs {
	return &lifecyclepb.QueryChaincodeDefinitionArgs{Name: name}
}

// resultOf is the read/write set of a response.
func resultOf(t *testing.T, r *pb.ProposalResponse) []byte {
	t.Helper()
	result, err := envelope.ParseResult(r.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return result.ReadWriteSet
}

// archive is a gzipped tar of files.
func archive(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	pack := tar.NewWriter(zip)
	for name, content := range files {
		if err := pack.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := pack.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(pack.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
