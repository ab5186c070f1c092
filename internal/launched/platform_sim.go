// SPDX-License-Identifier: Apache-2.0

//go:build !nosim

package launched

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/privatechaincode/fpc/attest"
	"github.com/privatechaincode/fpc/attest/sim"
	"github.com/privatechaincode/fpc/attest/sim/guest"
)

// openPlatform takes the simulated platform from the launcher's record, which
// stands in a pipe. Simulation is not security: whoever launches this process
// holds its sealing secret.
func openPlatform() (Platform, error) {
	f := os.NewFile(recordFD, "record")
	defer f.Close()
	record, err := io.ReadAll(io.LimitReader(f, guest.LauncherRecordSize+1))
	defer clear(record)
	if err != nil {
		return nil, fmt.Errorf("read the launcher's record: %w", err)
	}
	if len(record) != guest.LauncherRecordSize {
		return nil, errors.New("the launcher's record has the wrong size")
	}
	return guest.New(record)
}

func verifiers() map[string]attest.Verifier {
	return map[string]attest.Verifier{sim.Platform: sim.Verifier{}}
}
