// SPDX-License-Identifier: Apache-2.0

package ledgerenclave

import (
	"context"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
	"github.com/privatechaincode/fpc/protocol"
)

// checkpoint is a checkpoint under way.
type checkpoint struct{}

// resuming is a checkpoint that is being read.
type resuming struct{}

// Checkpoint returns a part of a sealed checkpoint of the present head.
func (e *Enclave) Checkpoint(context.Context, *fpc.CheckpointRequest) (*fpc.CheckpointResponse, error) {
	return nil, protocol.Errorf("VAL-8", CodeNoCheckpoint, "no checkpoint is under way")
}

// Resume takes the parts of a sealed checkpoint, one after the other.
func (e *Enclave) Resume(context.Context, *fpc.ResumeRequest) (*fpc.ResumeResponse, error) {
	return nil, protocol.Errorf("VAL-8", CodeCheckpointTruncated, "no checkpoint")
}
