// SPDX-License-Identifier: Apache-2.0

//go:build nosim

package main

// attestationParams has no defaults without simulation.
func attestationParams() []byte { return nil }
