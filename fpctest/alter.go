// SPDX-License-Identifier: Apache-2.0

package fpctest

// OtherHex is s, a lower-case hexadecimal string, with its first digit changed:
// well-formed, as long, and never equal to s.
func OtherHex(s string) string {
	if s[0] == '0' {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}
