package mail

import (
	"io"
	"strings"
	"unicode/utf8"
)

// decodeHeader makes one line of clean text, at most so many bytes, of a header's value with encoded words.
func decodeHeader(v string, most int) string {
	v = v[:min(len(v), 8*most+1024)] // what is cut off anyway need not be decoded
	if !strings.Contains(v, "=?") {
		return oneLine(decodeCharset("", []byte(v)), most)
	}
	var out strings.Builder
	var raw []byte // of words that follow each other in one charset: letters may be cut between them
	charset := ""
	flush := func() {
		if len(raw) > 0 {
			out.WriteString(decodeCharset(charset, raw))
			raw = raw[:0]
		}
	}
	for v != "" {
		start := strings.Index(v, "=?")
		word, rest, ok := "", "", false
		if start >= 0 {
			word, rest, ok = encodedWord(v[start:])
		}
		if !ok { // the rest, or a mark that is none
			flush()
			n := len(v)
			if start >= 0 {
				n = start + 2
			}
			out.WriteString(decodeCharset("", []byte(v[:n])))
			v = v[n:]
			continue
		}
		of, text := decodeWord(word)
		between := v[:start]
		if len(raw) == 0 || strings.TrimSpace(between) != "" || of != charset {
			flush()
			if out.Len() == 0 || strings.TrimSpace(between) != "" {
				out.WriteString(decodeCharset("", []byte(between)))
			}
		}
		charset, raw, v = of, append(raw, text...), rest
	}
	flush()
	return oneLine(out.String(), most)
}

// encodedWord finds a word "=?charset?Q?text?=" at the start of s.
func encodedWord(s string) (word, rest string, ok bool) {
	if !strings.HasPrefix(s, "=?") {
		return "", "", false
	}
	marks := 0
	for i := 2; i < min(len(s), maxWord); i++ {
		if s[i] != '?' {
			continue
		}
		if marks++; marks == 3 && i+1 < len(s) && s[i+1] == '=' {
			return s[:i+2], s[i+2:], true
		}
		switch marks {
		case 2:
			if e := s[i-1] | 0x20; s[i-2] != '?' || e != 'q' && e != 'b' {
				return "", "", false
			}
		case 3:
			marks-- // a question mark in the text
		}
	}
	return "", "", false
}

// decodeWord answers a word's charset and its bytes.
func decodeWord(word string) (charset string, text []byte) {
	parts := strings.SplitN(word[2:len(word)-2], "?", 3)
	charset, _, _ = strings.Cut(parts[0], "*") // a language may follow
	if parts[1] == "B" || parts[1] == "b" {
		text, _ = io.ReadAll(decodeTransfer("base64", strings.NewReader(parts[2])))
		return strings.ToLower(charset), text
	}
	for i := 0; i < len(parts[2]); i++ {
		switch c := parts[2][i]; {
		case c == '_':
			text = append(text, ' ')
		case c == '=' && i+2 < len(parts[2]) && hexDigit[parts[2][i+1]] >= 0 && hexDigit[parts[2][i+2]] >= 0:
			text = append(text, byte(hexDigit[parts[2][i+1]])<<4|byte(hexDigit[parts[2][i+2]]))
			i += 2
		default:
			text = append(text, c)
		}
	}
	return strings.ToLower(charset), text
}

// oneLine makes a line of clean text: no line breaks, no control characters, single spaces, at most so many bytes.
func oneLine(text string, most int) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\r' || c == '\t' || c == '\u2028' || c == '\u2029':
			return ' '
		case control(c):
			return -1
		}
		return c
	}, text)
	return short(strings.Join(strings.Fields(text), " "), most)
}

// short cuts a text between two letters.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.TrimSpace(text[:most])
}

// fileName makes a name that is one name on every system, and never empty.
func fileName(name, mediaType string) string {
	name = decodeHeader(name, maxHeaderText)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(c rune) rune {
		switch {
		case strings.ContainsRune(`<>:"|?*`, c):
			return '_'
		case 0x200b <= c && c <= 0x200f, 0x202a <= c && c <= 0x202e, 0x2060 <= c && c <= 0x206f: // they hide or turn letters
			return -1
		}
		return c
	}, name)
	name = strings.Trim(name, " .")
	if len(name) > maxName {
		end := ""
		if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 16 {
			name, end = name[:dot], name[dot:]
		}
		name = short(name, maxName-len(end)) + end
	}
	if name != "" {
		return name
	}
	return unnamed(mediaType)
}

// unnamed is the name of a file that has none.
func unnamed(mediaType string) string {
	if name, ok := unnamedFiles[mediaType]; ok {
		return name
	}
	return "attachment"
}

var unnamedFiles = map[string]string{
	"application/ms-tnef":                   "winmail.dat",
	"application/pdf":                       "attachment.pdf",
	"application/pgp-encrypted":             "version.txt",
	"application/pgp-signature":             "signature.asc",
	"application/pkcs7-mime":                "smime.p7m",
	"application/pkcs7-signature":           "smime.p7s",
	"application/x-pkcs7-mime":              "smime.p7m",
	"application/x-pkcs7-signature":         "smime.p7s",
	"application/zip":                       "attachment.zip",
	"image/gif":                             "image.gif",
	"image/jpeg":                            "image.jpg",
	"image/png":                             "image.png",
	"message/delivery-status":               "delivery-status.txt",
	"message/disposition-notification":      "disposition.txt",
	"message/rfc822":                        "message.eml",
	"text/calendar":                         "invitation.ics",
	"text/csv":                              "attachment.csv",
	"text/html":                             "attachment.html",
	"text/plain":                            "attachment.txt",
	"text/rfc822-headers":                   "headers.txt",
	"text/x-vcard":                          "contact.vcf",
	"text/vcard":                            "contact.vcf",
	"message/feedback-report":               "feedback-report.txt",
	"application/vnd.ms-exchange-tnef":      "winmail.dat",
	"application/x-microsoft-rpmsg-message": "message.rpmsg",
}

// cleanType answers a media type that is one.
func cleanType(t string) string {
	ok := len(t) <= 127 && strings.Count(t, "/") == 1 && !strings.HasPrefix(t, "/") && !strings.HasSuffix(t, "/")
	for i := range len(t) {
		c := t[i]
		ok = ok && (c == '/' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&-^_.+", c) >= 0)
	}
	if !ok {
		return "application/octet-stream"
	}
	return t
}
