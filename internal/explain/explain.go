// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"regexp"
	"slices"
	"strings"

	"github.com/privatechaincode/fpc/internal/pb/peer"
	"github.com/privatechaincode/fpc/protocol"
)

// Diagnosis is one failure in words.
type Diagnosis struct {
	Failed string `json:"failed"`         // what did not work
	Step   string `json:"step,omitempty"` // the flows' name of the step that refused
	Code   string `json:"code,omitempty"` // its code, or Fabric's
	Why    string `json:"why"`            // what that means
	Said   string `json:"said,omitempty"` // the words of the one who refused
	Hint   string `json:"hint,omitempty"` // what that one advises, beside the remedy; it may be made up like the rest
	Remedy string `json:"remedy"`         // what to do
}

// Text finds the failures in the text of an error, the most particular first:
// refusals of steps, Fabric's verdicts, and the words in which servers and this
// program refuse. It returns none where it knows nothing of the text.
func Text(text string) []Diagnosis {
	text = unhinted(text)
	var found []Diagnosis
	for _, refusal := range refusalsIn(text) {
		found = append(found, Refusal(refusal))
	}
	if d, ok := verdictIn(text); ok {
		found = append(found, d)
	}
	if len(found) > 0 {
		return found
	}
	for _, w := range refusals {
		if w.pattern.MatchString(text) {
			return []Diagnosis{{Failed: failure(text), Why: w.Means, Said: w.line(text), Remedy: w.Remedy}}
		}
	}
	for _, w := range failures {
		if w.pattern.MatchString(text) {
			return []Diagnosis{{Failed: w.Means, Why: "the text below is all that is known", Said: w.line(text), Remedy: w.Remedy}}
		}
	}
	return nil
}

// Remedy is what to do about the words in which a server refuses, or why it cannot
// be reached. It is empty where nothing is known of them, and where the text says
// itself what to do, as refusals of steps do.
func Remedy(text string) string {
	if refusalHead.MatchString(text) || strings.Contains(text, hintHead) {
		return ""
	}
	for _, w := range refusals {
		if w.pattern.MatchString(text) {
			return w.Remedy
		}
	}
	return ""
}

// Hinted is a text with what to do about it, in the form of a step's refusal.
func Hinted(text string) string {
	if remedy := Remedy(text); remedy != "" {
		return text + hintHead + remedy + ")"
	}
	return text
}

// Refusal explains the refusal of a step.
func Refusal(e *protocol.StepError) Diagnosis {
	d := Diagnosis{Step: e.Step, Code: string(e.Code), Said: e.Reason}
	d.Failed = "step " + e.Step
	if what, ok := Step(e.Step); ok {
		d.Failed = what
	}
	known, ok := Code(e.Code)
	if !ok {
		known = Explanation{"this release of fpc does not know the code", "use the fpc of the release that the chaincode, stub or registry runs"}
	}
	d.Why, d.Remedy = known.Means, known.Remedy
	if e.Hint != protocol.Errorf(e.Step, e.Code, "").Hint {
		d.Hint = e.Hint // who refused knew more than what is always the same
	}
	return d
}

// Committed explains how a transaction stands in its block.
func Committed(code peer.TxValidationCode) Diagnosis {
	d := Diagnosis{Failed: "peers found the transaction invalid: nothing changed", Step: "VAL-5", Code: code.String()}
	if code == peer.TxValidationCode_VALID {
		d.Failed = "nothing: the transaction stands in its block"
	}
	known, ok := Verdict(code)
	if !ok {
		known = Explanation{"this release of fpc does not know the code", "look it up in Fabric's documentation"}
	}
	d.Why, d.Remedy = known.Means, known.Remedy
	return d
}

var (
	refusalHead = regexp.MustCompile(`\b([A-Z]{2,4}-[0-9]{1,2}[a-z]?) \[([a-z][a-z0-9_]{1,40})\]`)
	verdictWord = regexp.MustCompile(`\b[A-Z]+(?:_[A-Z]+)+\b|\bas invalid: [A-Z_]+`)
	// nextServer is where the words of the next server begin, in an error that
	// joins several.
	nextServer = regexp.MustCompile(`[;\n]\s*` + servers + `( refused|:| cannot)`)
)

// refusalsIn finds the refusals of steps in a text, which may be of several
// servers, on one line or more; those that one names in parentheses follow it. One
// that only repeats another is left out.
func refusalsIn(text string) []*protocol.StepError {
	heads := refusalHead.FindAllStringSubmatchIndex(text, -1)
	var found []*protocol.StepError
	for i, h := range heads {
		next := len(text)
		if i+1 < len(heads) {
			next = heads[i+1][0]
		}
		end := endOf(text, h[1], next)
		e := &protocol.StepError{Step: text[h[2]:h[3]], Code: protocol.Code(text[h[4]:h[5]])}
		e.Reason, e.Hint = reasonAndHint(text[h[1]:end])
		// A step that passes on another's refusal says nothing, or "because:".
		wraps := end == next && next < len(text) && (e.Reason == "" || strings.HasSuffix(e.Reason, ":"))
		same := func(o *protocol.StepError) bool { return o.Step == e.Step && o.Code == e.Code }
		if !wraps && !slices.ContainsFunc(found, same) {
			found = append(found, e)
		}
	}
	return found
}

// endOf is where the words of a refusal end that begin at a position: with the
// line, with the parenthesis that it stands in, or where the next refusal begins,
// unless that stands in a parenthesis of this one.
func endOf(text string, from, next int) int {
	depth := 0
	for at := from; at < len(text); at++ {
		switch {
		case text[at] == '\n', at == next && depth == 0:
			return at
		case text[at] == '(':
			depth++
		case text[at] == ')':
			if depth--; depth < 0 {
				return at
			}
		}
	}
	return len(text)
}

const hintHead = " (hint: "

// innerHint is a hint inside the words of another refusal, which has its own.
var innerHint = regexp.MustCompile(` \(hint: [^()]*\)`)

// reasonAndHint takes apart what stands behind a refusal's code.
func reasonAndHint(text string) (reason, hint string) {
	if next := nextServer.FindStringIndex(text); next != nil {
		text = text[:next[0]]
	}
	begins, depth := len(text), 0
	for at := range len(text) {
		if depth == 0 && strings.HasPrefix(text[at:], hintHead) {
			begins = at
			break
		}
		switch text[at] {
		case '(':
			depth++
		case ')':
			depth--
		}
	}
	if rest := text[begins:]; rest != "" {
		rest = rest[len(hintHead):]
		hint = rest[:endOf(rest, 0, len(rest))]
	}
	return strings.Trim(innerHint.ReplaceAllString(text[:begins], ""), " ;"), hint
}

// verdictIn finds Fabric's validation code in a text.
func verdictIn(text string) (Diagnosis, bool) {
	for _, word := range verdictWord.FindAllString(text, -1) {
		name := strings.TrimPrefix(word, "as invalid: ")
		if code, ok := peer.TxValidationCode_value[name]; ok {
			d := Committed(peer.TxValidationCode(code))
			d.Said = (words{pattern: regexp.MustCompile(regexp.QuoteMeta(word))}).line(text)
			return d, true
		}
	}
	return Diagnosis{}, false
}

// failure says what the client could not do, in general.
func failure(text string) string {
	for _, w := range failures {
		if w.pattern.MatchString(text) {
			return w.Means
		}
	}
	return "a server or this program refused"
}

// unhinted is a text without the hints that Hinted gave it: they are no words of a
// server's.
func unhinted(text string) string {
	for _, w := range refusals {
		text = strings.ReplaceAll(text, hintHead+w.Remedy+")", "")
	}
	return text
}

// line is the line of a text that the words are in; where they go over several,
// all of them.
func (w words) line(text string) string {
	for line := range strings.Lines(text) {
		if w.pattern.MatchString(line) {
			return said(line)
		}
	}
	return said(text)
}

// said is a text on one line, without the name of the program that printed it.
func said(text string) string {
	return strings.TrimPrefix(strings.Join(strings.Fields(text), " "), "fpc: ")
}
