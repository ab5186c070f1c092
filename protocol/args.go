// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"regexp"

	pb "github.com/privatechaincode/fpc/internal/pb/fpc"
)

// The arguments of each function, as the one place where caller and callee
// agree on them. Args returns the whole list, the function's name first; the
// Parse functions take the list after the name.

// InitEnclave are the arguments of initEnclave (REG-1).
type InitEnclave struct {
	PeerEndpoint      string // host:port under which clients reach the hosting peer
	AttestationParams []byte // for the enclave's platform
	GenesisBlock      []byte // serialised block 0
	ConfigBlock       []byte // serialised current configuration block
}

// Args returns the proposal's arguments.
func (a InitEnclave) Args() [][]byte {
	return [][]byte{[]byte(FuncInitEnclave), []byte(a.PeerEndpoint), a.AttestationParams, a.GenesisBlock, a.ConfigBlock}
}

// ParseInitEnclave reads the arguments, and holds the endpoint to its form before
// an enclave attests it for good.
func ParseInitEnclave(args [][]byte) (InitEnclave, error) {
	if err := count("REG-1", FuncInitEnclave, args, 4); err != nil {
		return InitEnclave{}, err
	}
	a := InitEnclave{string(args[0]), args[1], args[2], args[3]}
	return a, CheckEndpoint("REG-1", a.PeerEndpoint)
}

var endpoint = regexp.MustCompile(`^[a-zA-Z0-9_.:\[\]-]{1,253}:[0-9]{1,5}$`)

// CheckEndpoint demands host:port: clients dial it, and people read it in lists,
// so a registrant can hide nothing else there. Code: bad_arguments.
func CheckEndpoint(step, peer string) error {
	if !endpoint.MatchString(peer) {
		return Errorf(step, CodeBadArguments, "the peer's endpoint %.64q is not host:port", peer)
	}
	return nil
}

// RefreshEnclave are the arguments of refreshEnclave (REG-15).
type RefreshEnclave struct {
	AttestationParams []byte
	ConfigBlock       []byte // serialised current configuration block
}

// Args returns the proposal's arguments.
func (a RefreshEnclave) Args() [][]byte {
	return [][]byte{[]byte(FuncRefreshEnclave), a.AttestationParams, a.ConfigBlock}
}

// ParseRefreshEnclave reads the arguments.
func ParseRefreshEnclave(args [][]byte) (RefreshEnclave, error) {
	if err := count("REG-15", FuncRefreshEnclave, args, 2); err != nil {
		return RefreshEnclave{}, err
	}
	return RefreshEnclave{args[0], args[1]}, nil
}

// GenerateCCKeysArgs returns the arguments of generateCCKeys (KEY-1); an empty
// suite is the default.
func GenerateCCKeysArgs(suite string) [][]byte {
	return [][]byte{[]byte(FuncGenerateCCKeys), []byte(suite)}
}

// ParseGenerateCCKeys reads the arguments; none at all is the default suite.
func ParseGenerateCCKeys(args [][]byte) (suite string, err error) {
	if len(args) == 0 {
		return "", nil
	}
	if err := count("KEY-1", FuncGenerateCCKeys, args, 1); err != nil {
		return "", err
	}
	return string(args[0]), nil
}

// RegisterEnclave are the arguments of registerEnclave (REG-11).
type RegisterEnclave struct {
	Credentials []byte // serialised Credentials, with evidence (REG-10)
	Manifest    []byte // the package's code manifest
	Roots       []byte // Full: the organisations' roots ([CertificateRoots]); else empty
}

// Args returns the proposal's arguments.
func (a RegisterEnclave) Args() [][]byte {
	args := [][]byte{[]byte(FuncRegisterEnclave), a.Credentials, a.Manifest}
	if len(a.Roots) != 0 {
		args = append(args, a.Roots)
	}
	return args
}

// ParseRegisterEnclave reads the arguments.
func ParseRegisterEnclave(args [][]byte) (RegisterEnclave, error) {
	if len(args) == 3 {
		return RegisterEnclave{args[0], args[1], args[2]}, nil
	}
	if err := count("REG-11", FuncRegisterEnclave, args, 2); err != nil {
		return RegisterEnclave{}, err
	}
	return RegisterEnclave{Credentials: args[0], Manifest: args[1]}, nil
}

// RegisterCCKeysArgs returns the arguments of registerCCKeys (KEY-3).
func RegisterCCKeysArgs(registration *pb.Signed) ([][]byte, error) {
	b, err := marshal(registration)
	if err != nil {
		return nil, Errorf("KEY-3", CodeInternal, "encode the key registration: %w", err)
	}
	return [][]byte{[]byte(FuncRegisterCCKeys), b}, nil
}

// ParseRegisterCCKeys reads the arguments.
func ParseRegisterCCKeys(args [][]byte) (*pb.Signed, error) {
	if err := count("KEY-3", FuncRegisterCCKeys, args, 1); err != nil {
		return nil, err
	}
	return ParseSigned("KEY-3", args[0])
}

// PutKeyExportArgs returns the arguments of putKeyExport (KEY-6).
func PutKeyExportArgs(export *pb.Signed) ([][]byte, error) {
	b, err := marshal(export)
	if err != nil {
		return nil, Errorf("KEY-6", CodeInternal, "encode the key export: %w", err)
	}
	return [][]byte{[]byte(FuncPutKeyExport), b}, nil
}

// ParsePutKeyExport reads the arguments.
func ParsePutKeyExport(args [][]byte) (*pb.Signed, error) {
	if err := count("KEY-6", FuncPutKeyExport, args, 1); err != nil {
		return nil, err
	}
	return ParseSigned("KEY-6", args[0])
}

// ParseSigned decodes a Signed message, as generateCCKeys answers it.
func ParseSigned(step string, b []byte) (*pb.Signed, error) {
	m := &pb.Signed{}
	if err := Unmarshal(step, "signed message", b, m); err != nil {
		return nil, err
	}
	return m, nil
}

// EnclaveArgs returns the arguments of a function of ERCC on one enclave:
// revokeEnclave, queryEnclaveCredentials, getKeyExport (of its receiver).
func EnclaveArgs(function, chaincodeID, enclaveID string) [][]byte {
	return [][]byte{[]byte(function), []byte(chaincodeID), []byte(enclaveID)}
}

// ParseEnclaveArgs reads the arguments.
func ParseEnclaveArgs(step, function string, args [][]byte) (chaincodeID, enclaveID string, err error) {
	if err := count(step, function, args, 2); err != nil {
		return "", "", err
	}
	return string(args[0]), string(args[1]), nil
}

// ChaincodeArgs returns the arguments of a query of ERCC about one chaincode.
func ChaincodeArgs(function, chaincodeID string) [][]byte {
	return [][]byte{[]byte(function), []byte(chaincodeID)}
}

// ParseChaincodeArgs reads the arguments.
func ParseChaincodeArgs(step, function string, args [][]byte) (chaincodeID string, err error) {
	if err := count(step, function, args, 1); err != nil {
		return "", err
	}
	return string(args[0]), nil
}

// InvokeArgs returns the arguments of chaincodeInvoke (INV-6) for serialised
// ccreq_msg.
func InvokeArgs(ccreq []byte) [][]byte { return [][]byte{[]byte(FuncInvoke), ccreq} }

// ValidateArgs returns the arguments of validateEnclaveEndorsement (VAL-1).
func ValidateArgs(ccrsp []byte) [][]byte { return [][]byte{[]byte(FuncValidate), ccrsp} }

// ParseInvoke reads the arguments of chaincodeInvoke: serialised ccreq_msg.
func ParseInvoke(args [][]byte) (ccreq []byte, err error) {
	if err := count("INV-7", FuncInvoke, args, 1); err != nil {
		return nil, err
	}
	return args[0], nil
}

// ParseValidate reads the arguments of validateEnclaveEndorsement: serialised
// ccrsp_msg.
func ParseValidate(args [][]byte) (ccrsp []byte, err error) {
	if err := count("VAL-1", FuncValidate, args, 1); err != nil {
		return nil, err
	}
	return args[0], nil
}

// CertificateRequestArgs returns the arguments of certificateRequest (REG-9).
func CertificateRequestArgs() [][]byte { return [][]byte{[]byte(FuncCertificateRequest)} }

// InstallCertificateArgs returns the arguments of installCertificate (REG-9):
// what the organisation's CA issued, PEM.
func InstallCertificateArgs(certificate []byte) [][]byte {
	return [][]byte{[]byte(FuncInstallCertificate), certificate}
}

// ParseInstallCertificate reads the arguments.
func ParseInstallCertificate(args [][]byte) (certificate []byte, err error) {
	if err := count("REG-9", FuncInstallCertificate, args, 1); err != nil {
		return nil, err
	}
	return args[0], nil
}

// PrepareStatementArgs returns the arguments of prepareStatement: its answer is
// the nonce for the head statement that exportCCKeys wants.
func PrepareStatementArgs() [][]byte { return [][]byte{[]byte(FuncPrepareStatement)} }

// ExportCCKeys are the arguments of exportCCKeys (KEY-5).
type ExportCCKeys struct {
	Receiver string          // Enclave_Id
	Infos    []*pb.ChainInfo // the head statement
}

// Args returns the proposal's arguments.
func (a ExportCCKeys) Args() ([][]byte, error) {
	out := [][]byte{[]byte(FuncExportCCKeys), []byte(a.Receiver)}
	for _, info := range a.Infos {
		b, err := marshal(info)
		if err != nil {
			return nil, Errorf("KEY-5", CodeInternal, "encode chain information: %w", err)
		}
		out = append(out, b)
	}
	return out, nil
}

// ParseExportCCKeys reads the arguments.
func ParseExportCCKeys(args [][]byte) (ExportCCKeys, error) {
	const step = "KEY-5"
	if len(args) < 1 || len(args) > 1+maxInfos {
		return ExportCCKeys{}, Errorf(step, CodeBadArguments, "%s has %d arguments, want a receiver and at most %d answers", FuncExportCCKeys, len(args), maxInfos)
	}
	a := ExportCCKeys{Receiver: string(args[0])}
	for _, b := range args[1:] {
		info := &pb.ChainInfo{}
		if err := Unmarshal(step, "chain information", b, info); err != nil {
			return ExportCCKeys{}, err
		}
		a.Infos = append(a.Infos, info)
	}
	return a, nil
}

// maxInfos bounds the answers in one head statement.
const maxInfos = 1000

// ImportCCKeysArgs returns the arguments of importCCKeys (KEY-7): the stub reads
// the export from ERCC itself.
func ImportCCKeysArgs() [][]byte { return [][]byte{[]byte(FuncImportCCKeys)} }

func count(step, function string, args [][]byte, want int) error {
	if len(args) != want {
		return Errorf(step, CodeBadArguments, "%s has %d arguments, want %d", function, len(args), want)
	}
	return nil
}
