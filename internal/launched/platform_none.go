// SPDX-License-Identifier: Apache-2.0

//go:build nosim

package launched

import (
	"errors"

	"github.com/privatechaincode/fpc/attest"
)

// openPlatform finds no platform: this build leaves simulation out, and has no
// other platform yet.
func openPlatform() (Platform, error) {
	return nil, errors.New("this program was built with the tag nosim, and no other platform is available")
}

func verifiers() map[string]attest.Verifier { return nil }
