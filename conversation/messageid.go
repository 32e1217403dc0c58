package conversation

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// maxID bounds what is taken for the id of a message.
const maxID = 998

// MessageID is the id under which the desk sends a row of a record, such as a comment, without angle brackets. Row 0 is
// the record itself. The same row has the same id on every node, so that an answer leads back to it without a table.
//
// The id is no secret and gives no right: the record's number can be read from it, and others could be guessed.
func MessageID(ref itsm.Ref, row int64, tenant, domain string) string {
	b := make([]byte, 0, 96)
	b = strconv.AppendInt(b, row, 10)
	b = append(b, '.')
	b = appendAtom(b, ref.Kind)
	b = append(b, '.')
	b = appendAtom(b, ref.ID)
	b = append(b, '.')
	sum := check(ref, row, tenant)
	b = hex.AppendEncode(b, sum[:8])
	b = append(b, '@')
	return string(append(b, domain...))
}

// ParseMessageID reads what [MessageID] made for the tenant, with or without angle brackets and whatever its domain. It
// answers false for every other id: those of other senders, of other tenants, and altered ones.
func ParseMessageID(id, tenant string) (ref itsm.Ref, row int64, ok bool) {
	id = strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
	at := strings.LastIndexByte(id, '@')
	if at < 0 || len(id) > maxID {
		return itsm.Ref{}, 0, false
	}
	parts := strings.Split(id[:at], ".")
	if len(parts) != 4 {
		return itsm.Ref{}, 0, false
	}
	row, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || row < 0 {
		return itsm.Ref{}, 0, false
	}
	kind, known := parseAtom(parts[1])
	number, named := parseAtom(parts[2])
	ref = itsm.Ref{Kind: kind, ID: number}
	if !known || !named || MessageID(ref, row, tenant, id[at+1:]) != id {
		return itsm.Ref{}, 0, false
	}
	return ref, row, true
}

// check binds the parts of an id to each other and to the tenant.
func check(ref itsm.Ref, row int64, tenant string) [sha256.Size]byte {
	b := make([]byte, 0, 128)
	for _, part := range [...]string{tenant, ref.Kind, ref.ID} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(row)))
}

// appendAtom writes a text in letters that every mail program leaves alone: others become = and two digits.
func appendAtom(b []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		c := text[i]
		if isDigit(c) || isLetter(c) || c == '-' || c == '_' {
			b = append(b, c)
		} else {
			b = append(b, '=', digits[c>>4], digits[c&15])
		}
	}
	return b
}

func parseAtom(atom string) (string, bool) {
	if !strings.Contains(atom, "=") {
		return atom, atom != ""
	}
	b := make([]byte, 0, len(atom))
	for i := 0; i < len(atom); i++ {
		if atom[i] != '=' {
			b = append(b, atom[i])
			continue
		}
		if i+2 >= len(atom) {
			return "", false
		}
		c, err := strconv.ParseUint(atom[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(c))
		i += 2
	}
	return string(b), true
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
