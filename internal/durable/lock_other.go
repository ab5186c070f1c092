// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package durable

import (
	"errors"
	"os"
)

// lockExclusive refuses: without a lock two processes could overwrite each
// other's files.
func lockExclusive(*os.File) error {
	return errors.New("a file cannot be locked on this system")
}
