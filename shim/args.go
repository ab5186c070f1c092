// SPDX-License-Identifier: Apache-2.0

package shim

import "bytes"

// Args are the arguments of an invocation. A stub embeds it to have the four
// methods of InvocationStub that return them.
type Args [][]byte

// GetArgs returns the arguments.
func (a Args) GetArgs() [][]byte { return a }

// GetStringArgs returns the arguments as strings.
func (a Args) GetStringArgs() []string {
	out := make([]string, len(a))
	for i, arg := range a {
		out[i] = string(arg)
	}
	return out
}

// GetFunctionAndParameters returns the first argument and the others.
func (a Args) GetFunctionAndParameters() (function string, parameters []string) {
	all := a.GetStringArgs()
	if len(all) == 0 {
		return "", []string{}
	}
	return all[0], all[1:]
}

// GetArgsSlice returns all arguments joined.
func (a Args) GetArgsSlice() ([]byte, error) {
	return bytes.Join(a, nil), nil
}
