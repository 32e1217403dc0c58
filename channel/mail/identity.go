package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Identity is how a desk knows its own mails again. Parser and sender of one desk have the same.
type Identity struct {
	// Domain ends the ids of its mails, such as "desk.example.com".
	Domain string
	// Key keeps others from making ids, so that an id is a proof that somebody got the mail. At least 16 bytes; it stays
	// the same for ever.
	Key []byte
}

const (
	loopHeader = "X-Desk-Loop"
	markBytes  = 10 // of an authentication code in ids: 80 bits
	tagBytes   = 5  // in addresses, where room is short: 40 bits
	markChars  = 2 * markBytes
)

// check answers what is wrong with an identity.
func (i Identity) check() error {
	switch {
	case address("desk@"+i.Domain) == "" || strings.Trim(i.Domain, domainChars) != "":
		return itsm.Invalid("Identity.Domain", "give the domain that ends the ids of the desk's mails, such as desk.example.com")
	case len(i.Domain) > 100:
		return itsm.Invalid("Identity.Domain", "a domain has 100 characters at most here, or ids grow too long")
	case len(i.Key) < 16:
		return itsm.Invalid("Identity.Key", "give a secret of 16 bytes or more, which stays the same")
	}
	return nil
}

const domainChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

// MessageID is the id of the mail about one part of a record: the row of a comment, or the name of a notice. It is the
// same each time it is made, and another one for any other tenant, record and part.
func (i Identity) MessageID(key itsm.Key, part string) string {
	mark := i.mark(markBytes, "id", key.Tenant, key.Kind, key.ID, part) + "@" + i.Domain
	id := escape(key.Kind) + "." + escape(key.ID) + "." + escape(part) + "." + mark
	if len(id) > maxID {
		return mark // still its own, though Record does not read it
	}
	return id
}

// Record answers the record of a tenant that a message id of this desk is about, and false for every other id.
func (i Identity) Record(tenant, id string) (itsm.Ref, bool) {
	local, ok := strings.CutSuffix(id, "@"+i.Domain)
	if parts := strings.Split(local, "."); ok && len(i.Key) > 0 && len(parts) == 4 && len(parts[3]) == markChars {
		kind, number, part := unescape(parts[0]), unescape(parts[1]), unescape(parts[2])
		if hmac.Equal([]byte(parts[3]), []byte(i.mark(markBytes, "id", tenant, kind, number, part))) {
			return itsm.Ref{Kind: kind, ID: number}, true
		}
	}
	return itsm.Ref{}, false
}

// tag makes the address that answers about a record go to: desk+INC0000001.1f2e3d4c5b@example.com. Empty where the
// number does not fit into an address.
func (i Identity) tag(tenant, number, to string) string {
	local, domain, _ := strings.Cut(to, "@")
	if strings.ToUpper(number) != number || strings.Trim(number, plainChars) != "" || len(local)+len(number)+2+2*tagBytes > 64 {
		return ""
	}
	return local + "+" + number + "." + i.mark(tagBytes, "tag", tenant, number) + "@" + domain
}

// tagged reads a number out of an address. Some servers change the case of addresses on the way, so that numbers of
// tagged addresses are in capitals.
func (i Identity) tagged(tenant, to string) (string, bool) {
	local, _, _ := strings.Cut(to, "@")
	_, tag, ok := strings.Cut(local, "+")
	number, mark, dot := strings.Cut(tag, ".")
	if !ok || !dot || number == "" {
		return "", false
	}
	number = strings.ToUpper(number)
	return number, hmac.Equal([]byte(strings.ToLower(mark)), []byte(i.mark(tagBytes, "tag", tenant, number)))
}

// loop is what the desk writes into its mails for a tenant, and came tells whether a mail has it.
func (i Identity) loop(tenant string) string {
	return i.mark(markBytes, "loop", tenant) + "@" + i.Domain
}

func (i Identity) came(tenant string, values []string) bool {
	if i.Domain == "" {
		return false
	}
	own := i.loop(tenant)
	for _, v := range values {
		if strings.TrimSpace(v) == own {
			return true
		}
	}
	return false
}

// mark authenticates parts, each with its length, so that no two lists of parts are alike.
func (i Identity) mark(size int, parts ...string) string {
	m := hmac.New(sha256.New, i.Key)
	for _, p := range parts {
		m.Write([]byte{byte(len(p) >> 16), byte(len(p) >> 8), byte(len(p))})
		m.Write([]byte(p))
	}
	return hex.EncodeToString(m.Sum(nil)[:size])
}

const plainChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// escape writes what may stand in an id without a dot.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(plainChars, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			b.Write([]byte{'=', digits[s[i]>>4], digits[s[i]&15]})
		}
	}
	return b.String()
}

// unescape reads what escape wrote; anything else comes out as something whose mark is wrong.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) && hexDigit[s[i+1]] >= 0 && hexDigit[s[i+2]] >= 0 {
			b.WriteByte(byte(hexDigit[s[i+1]])<<4 | byte(hexDigit[s[i+2]]))
			i += 2
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
