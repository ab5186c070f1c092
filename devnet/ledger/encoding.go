// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/binary"
	"errors"

	"github.com/privatechaincode/fpc/fabric/rwset"
	"github.com/privatechaincode/fpc/internal/pb/peer"
)

// errRecord is returned for a stored record that does not decode: the disk was
// changed by somebody else.
var errRecord = errors.New("ledger: record is damaged")

// encodeValue writes version, metadata and value; the value is the rest.
func encodeValue(version Version, metadata []rwset.Entry, value []byte) []byte {
	b := binary.AppendUvarint(nil, version.Block)
	b = binary.AppendUvarint(b, version.Tx)
	b = binary.AppendUvarint(b, uint64(len(metadata)))
	for _, e := range metadata {
		b = appendString(b, e.Name)
		b = appendString(b, string(e.Value))
	}
	return append(b, value...)
}

func decodeValue(raw []byte) (*VersionedValue, error) {
	d := decoder{rest: raw}
	v := &VersionedValue{Version: Version{Block: d.uvarint(), Tx: d.uvarint()}}
	count := d.uvarint()
	if count > uint64(len(d.rest)) {
		return nil, errRecord
	}
	for range count {
		v.Metadata = append(v.Metadata, rwset.Entry{Name: string(d.bytes()), Value: d.bytes()})
	}
	if d.bad {
		return nil, errRecord
	}
	v.Value = d.rest
	return v, nil
}

func encodeStatus(s TxStatus) []byte {
	b := binary.AppendUvarint(nil, s.Block)
	b = binary.AppendUvarint(b, s.Index)
	return binary.AppendUvarint(b, uint64(s.Code))
}

func decodeStatus(raw []byte) (TxStatus, error) {
	d := decoder{rest: raw}
	s := TxStatus{Block: d.uvarint(), Index: d.uvarint(), Code: peer.TxValidationCode(d.uvarint())}
	if d.bad || len(d.rest) != 0 {
		return TxStatus{}, errRecord
	}
	return s, nil
}

// decoder reads fields off the front; after the first failure all are zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return nil
	}
	out := d.rest[:n:n]
	d.rest = d.rest[n:]
	return out
}
