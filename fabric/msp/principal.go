// SPDX-License-Identifier: Apache-2.0

package msp

import "github.com/privatechaincode/fpc/internal/pb/common"

// RolePrincipal is the principal "has this role in this MSP".
func RolePrincipal(mspID string, role common.MSPRole_MSPRoleType) *common.MSPPrincipal { return nil }

// OUPrincipal is the principal "carries this OU, certified by this CA chain".
func OUPrincipal(mspID, ou string, certifiersIdentifier []byte) *common.MSPPrincipal { return nil }

// IdentityPrincipal is the principal "is exactly this identity".
func IdentityPrincipal(serialized []byte) *common.MSPPrincipal { return nil }
