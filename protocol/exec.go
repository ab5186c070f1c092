// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/keys"
)

// ComputeExec names an execution by all its inputs: the request, the reads with
// their value hashes, the rows of each range, the metadata read. Writes are left
// out: they are sealed under it. Lists must be in their canonical order.
func ComputeExec(requestHash [32]byte, rw *pb.ReadWriteSet) keys.Exec {
	var ranges [][]byte
	for _, r := range rw.GetRanges() {
		ranges = append(ranges, []byte(r.GetStart()), []byte(r.GetEnd()), encodeReads(r.GetRows()))
	}
	var metadata [][]byte
	for _, m := range rw.GetMetadataReads() {
		metadata = append(metadata, []byte(m.GetKey()), m.GetHash())
	}
	return keys.Exec(keys.Digest(keys.LabelExec, requestHash[:], encodeReads(rw.GetReads()),
		keys.Encode("ranges", ranges...), keys.Encode("metadata", metadata...)))
}

func encodeReads(reads []*pb.Read) []byte {
	var fields [][]byte
	for _, r := range reads {
		fields = append(fields, []byte(r.GetKey()), r.GetValueHash())
	}
	return keys.Encode("reads", fields...)
}
