// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"errors"
	"fmt"

	"github.com/privatechaincode/fpc/internal/pb/peer"
)

var (
	// ErrPeerClosed is returned by Register when the peer ended the stream.
	ErrPeerClosed = errors.New("the peer closed the chaincode stream")
	// ErrEnded is returned by a stub's methods when its transaction is over:
	// the chaincode returned, the peer is gone, or the peer started the
	// transaction anew.
	ErrEnded = errors.New("the transaction has ended")
)

// PeerError is the peer's refusal of a request of the chaincode.
type PeerError struct {
	Request string // message type, such as GET_STATE
	Text    string // the peer's words
}

// Error returns the peer's words.
func (e *PeerError) Error() string { return e.Text }

// TooLargeError is a message of the chaincode that no stream can carry.
type TooLargeError struct {
	Message string // message type, such as PUT_STATE
	Size    int    // in bytes
	Limit   int
}

// Error names the message, its size and the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s of %d bytes is over the limit of %d", e.Message, e.Size, e.Limit)
}

// ProtocolError is a message that has no place where it came.
type ProtocolError struct {
	Got  string
	Want string
}

// Error names what came and what was awaited.
func (e *ProtocolError) Error() string {
	return fmt.Sprintf("chaincode protocol: got %s, want %s", e.Got, e.Want)
}

func unexpected(got peer.ChaincodeMessage_Type, want string) error {
	return &ProtocolError{Got: got.String(), Want: want}
}
