// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"
	"slices"

	"github.com/privatechaincode/fpc/protocol"
)

const (
	stepGet = "EX-1"
	stepPut = "EX-2"
)

// GetState returns a key's committed value, nil if there is none (EX-1).
func (s *privateStub) GetState(key string) ([]byte, error) {
	values, err := s.GetMultipleStates(key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// GetMultipleStates returns the committed values of several keys, in order, nil
// where there is none. The host is asked once, for those not read before.
func (s *privateStub) GetMultipleStates(wanted ...string) ([][]byte, error) {
	at := make([]string, len(wanted)) // where each key stands on the ledger
	for i, key := range wanted {
		err := checkKey(stepGet, key)
		if err == nil {
			at[i], err = s.at(stepGet, key)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.begin(stepGet); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if err := s.fetch(wanted, at); err != nil {
		return nil, err
	}
	values := make([][]byte, len(wanted))
	for i := range wanted {
		values[i] = bytes.Clone(s.reads[at[i]].plain)
	}
	return values, nil
}

// fetch reads the keys that were not read before; the ledger is locked.
func (l *ledger) fetch(wanted, at []string) error {
	missing := make(map[string]string) // where it stands, and the key
	var ask []string
	for i, where := range at {
		if _, read := l.reads[where]; read || missing[where] != "" {
			continue
		}
		missing[where] = wanted[i]
		ask = append(ask, where)
	}
	if len(ask) == 0 {
		return nil
	}
	if l.enclave.config.BlindedKeys {
		slices.Sort(ask) // a chaincode may well ask in the order of the keys
	}
	found, err := l.view.get(ask)
	if err != nil {
		return l.failed(err)
	}
	for i, where := range ask {
		sealed := found[i].value
		if err := l.keep(stepGet, len(where)+len(sealed)); err != nil {
			return err
		}
		plain, err := l.open(stepGet, missing[where], sealed)
		if err != nil {
			return err
		}
		l.reads[where] = readValue{plain, protocol.ValueHash(sealed), found[i].version}
	}
	return nil
}

// PutState writes a key (EX-2). As in Fabric, an empty value removes it.
func (s *privateStub) PutState(key string, value []byte) error {
	return s.write(writeValue{key: key, plain: bytes.Clone(value), delete: len(value) == 0})
}

// DelState removes a key.
func (s *privateStub) DelState(key string) error {
	return s.write(writeValue{key: key, delete: true})
}

func (s *privateStub) write(w writeValue) error {
	if err := checkKey(stepPut, w.key); err != nil {
		return err
	}
	at, err := s.at(stepPut, w.key)
	if err != nil {
		return err
	}
	if err := s.begin(stepPut); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.mayWrite(len(at) + len(w.plain)); err != nil {
		return err
	}
	s.writes[at] = w
	return nil
}

// mayWrite refuses writes beside pages, as Fabric does, and bounds what is
// written in all; the ledger is locked.
func (l *ledger) mayWrite(n int) error {
	if l.paged {
		return protocol.Errorf(stepPut, CodeReadOnly, "a transaction that read a page may not write")
	}
	l.written += n
	if limit := l.enclave.config.Limits.MaxResult; l.written > limit {
		return l.fail(stepPut, protocol.CodeTooLarge, "the invocation writes more than %d bytes", limit)
	}
	return nil
}

// StartWriteBatch has no effect: all writes leave together, with the result.
func (s *privateStub) StartWriteBatch() {}

// FinishWriteBatch has no effect.
func (s *privateStub) FinishWriteBatch() error { return nil }
