// SPDX-License-Identifier: Apache-2.0

package shim

// Batchless has the methods of BatchStub for stubs to which batches make no
// difference, because their writes are not sent one by one: it does nothing.
type Batchless struct{}

// StartWriteBatch does nothing.
func (Batchless) StartWriteBatch() {}

// FinishWriteBatch does nothing.
func (Batchless) FinishWriteBatch() error { return nil }
