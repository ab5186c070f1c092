// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package launched

func checkSocket(int) error { return ErrNotLaunched }
