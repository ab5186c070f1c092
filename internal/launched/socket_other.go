// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package launched

import "os"

func checkSocket(int) error { return ErrNotLaunched }

func listens(int) bool { return false }

func accept(*os.File) (*os.File, error) { return nil, ErrNotLaunched }
