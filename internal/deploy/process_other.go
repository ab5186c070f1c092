// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package deploy

import "os/exec"

func setParentDeath(*exec.Cmd) {}
