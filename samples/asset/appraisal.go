// SPDX-License-Identifier: Apache-2.0

package asset

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/shim"
)

// minSalt is the least length of a salt in bytes: an appraisal is a number that
// can be guessed, its salt is not.
const minSalt = 16

// appraise stores a commitment to an appraisal. The appraisal comes as transient
// data, which never reaches a block, and only its salted hash is stored.
func appraise(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	a, err := load(stub, args[0])
	if err != nil {
		return nil, err
	}
	if a.Appraisal, err = commitment(stub); err != nil {
		return nil, err
	}
	return nil, save(stub, a)
}

// checkAppraisal answers true or false to who shows an appraisal and its salt.
func checkAppraisal(stub shim.ChaincodeStubInterface, args []string) ([]byte, error) {
	a, err := load(stub, args[0])
	if err != nil {
		return nil, err
	}
	if a.Appraisal == "" {
		return nil, fmt.Errorf("asset %s has no appraisal", a.ID)
	}
	shown, err := commitment(stub)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(shown), []byte(a.Appraisal)) == 1 {
		return []byte("true"), nil
	}
	return []byte("false"), nil
}

func commitment(stub shim.ChaincodeStubInterface) (string, error) {
	transient, err := stub.GetTransient()
	if err != nil {
		return "", err
	}
	appraisal, salt := transient["appraisal"], transient["salt"]
	if len(appraisal) == 0 {
		return "", errors.New("transient data has no entry appraisal")
	}
	if len(salt) < minSalt {
		return "", fmt.Errorf("transient entry salt has %d bytes, want at least %d", len(salt), minSalt)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d:", len(salt))
	h.Write(salt)
	h.Write(appraisal)
	return hex.EncodeToString(h.Sum(nil)), nil
}
