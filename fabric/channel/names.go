// SPDX-License-Identifier: Apache-2.0

package channel

// Names of groups and values in a configuration.
const (
	rootGroup        = "Channel"
	applicationGroup = "Application"
	ordererGroup     = "Orderer"

	keyCapabilities     = "Capabilities"
	keyHashing          = "HashingAlgorithm"
	keyHashingStructure = "BlockDataHashingStructure"
	keyOrdererAddresses = "OrdererAddresses"
	keyConsortium       = "Consortium"
	keyConsenters       = "Orderers"
	keyConsensusType    = "ConsensusType"
	keyBatchSize        = "BatchSize"
	keyBatchTimeout     = "BatchTimeout"
	keyRestrictions     = "ChannelRestrictions"
	keyKafkaBrokers     = "KafkaBrokers"
	keyEndpoints        = "Endpoints"
	keyACLs             = "ACLs"
	keyMSP              = "MSP"
	keyAnchorPeers      = "AnchorPeers"
)

const (
	maxNameLength = 249
	pathSeparator = "/"
)

// CheckChannelID says whether a channel may have this name: lower-case letters,
// digits, dots and dashes, a letter first, at most 249 bytes. Errors are *Error.
func CheckChannelID(id string) error {
	switch {
	case id == "":
		return fail(CodeBadChannelID, "", nil, "channel ID illegal, cannot be empty")
	case len(id) > maxNameLength:
		return fail(CodeBadChannelID, "", nil, "channel ID illegal, cannot be longer than %d", maxNameLength)
	}
	for i, c := range []byte(id) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '.' || c == '-')) {
			return fail(CodeBadChannelID, "", nil, "channel ID %q contains illegal characters", id)
		}
	}
	return nil
}

// checkName says whether an element of a configuration may have this name.
func checkName(name string) error {
	switch {
	case name == "":
		return fail(CodeBadConfig, "", nil, "config ID illegal, cannot be empty")
	case len(name) > maxNameLength:
		return fail(CodeBadConfig, "", nil, "config ID illegal, cannot be longer than %d", maxNameLength)
	case name == "." || name == "..":
		return fail(CodeBadConfig, "", nil, "name %q for config ID is not allowed", name)
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-') {
			return fail(CodeBadConfig, "", nil, "config ID %q contains illegal characters", name)
		}
	}
	return nil
}
