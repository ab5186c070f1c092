// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package statedir

import (
	"errors"
	"os"
)

// lockExclusive refuses: without a lock two stubs could overwrite each other's
// sealed keys.
func lockExclusive(*os.File) error {
	return errors.New("a state directory cannot be locked on this system")
}
