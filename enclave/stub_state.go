// SPDX-License-Identifier: Apache-2.0

package enclave

import (
	"bytes"

	"github.com/privatechaincode/fpc/internal/pb/fpc"
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
	for _, key := range wanted {
		if err := checkKey(stepGet, key); err != nil {
			return nil, err
		}
	}
	if err := s.begin(stepGet); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if err := s.fetch(wanted); err != nil {
		return nil, err
	}
	values := make([][]byte, len(wanted))
	for i, key := range wanted {
		values[i] = bytes.Clone(s.reads[key].plain)
	}
	return values, nil
}

// fetch reads the keys that were not read before; the ledger is locked.
func (l *ledger) fetch(wanted []string) error {
	var missing []string
	asked := make(map[string]bool)
	for _, key := range wanted {
		if _, ok := l.reads[key]; !ok && !asked[key] {
			missing = append(missing, key)
			asked[key] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	resp, err := l.access(stepGet, &fpc.StateRequest{Request: &fpc.StateRequest_Get{Get: &fpc.GetStates{Keys: missing}}})
	if err != nil {
		return err
	}
	if len(resp.GetValues()) != len(missing) {
		return l.fail(stepGet, CodeBadAnswer, "the host gave %d values for %d keys", len(resp.GetValues()), len(missing))
	}
	for i, key := range missing {
		sealed := resp.GetValues()[i]
		if err := l.keep(stepGet, len(key)+len(sealed)); err != nil {
			return err
		}
		plain, err := l.open(stepGet, key, sealed)
		if err != nil {
			return err
		}
		l.reads[key] = readValue{plain, protocol.ValueHash(sealed)}
	}
	return nil
}

// PutState writes a key (EX-2). As in Fabric, an empty value removes it.
func (s *privateStub) PutState(key string, value []byte) error {
	return s.write(key, writeValue{plain: bytes.Clone(value), delete: len(value) == 0})
}

// DelState removes a key.
func (s *privateStub) DelState(key string) error { return s.write(key, writeValue{delete: true}) }

func (s *privateStub) write(key string, w writeValue) error {
	if err := checkKey(stepPut, key); err != nil {
		return err
	}
	if err := s.begin(stepPut); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.mayWrite(len(key) + len(w.plain)); err != nil {
		return err
	}
	s.writes[key] = w
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
