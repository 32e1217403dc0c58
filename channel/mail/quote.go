package mail

import (
	"regexp"
	"strings"
)

// maxSignature is how many lines a signature has at most; what is longer was meant to be read.
const maxSignature = 15

// maxTries is how many lines that say from whom are looked behind.
const maxTries = 200

// Strip takes off what a reply brings along: the quoted message at its end, with the line or the headers that introduce
// it, and a signature behind its mark ("-- "). It cuts only where it is certain: lines between which somebody answered
// stay, and a text that would be left empty stays as it is.
func Strip(text string) string {
	lines := strings.Split(text, "\n")
	end := trimBlank(lines, len(lines))
	end = quoteStart(lines, end)
	end = trimBlank(lines, end)
	end = signatureStart(lines, end)
	end = trimBlank(lines, end)
	if end == 0 {
		return text
	}
	return strings.Join(lines[:end], "\n")
}

func trimBlank(lines []string, end int) int {
	for end > 0 && strings.TrimSpace(lines[end-1]) == "" {
		end--
	}
	return end
}

// quoteStart answers where the quoted end begins, or end where there is none.
func quoteStart(lines []string, end int) int {
	tries := 0
	for i := range end { // headers of the message that is answered: everything after them is that message
		if !fromLine.MatchString(strings.Trim(lines[i], " *")) {
			continue
		}
		if tries++; tries > maxTries {
			break
		}
		if headerBlock(lines[i:end]) {
			if top := trimBlank(lines, i); top > 0 && divider.MatchString(strings.TrimSpace(lines[top-1])) {
				return top - 1
			}
			return i
		}
	}
	start := end
	for start > 0 && (strings.HasPrefix(lines[start-1], ">") || strings.TrimSpace(lines[start-1]) == "") {
		start--
	}
	start = skipBlank(lines, start, end)
	if start == end {
		return end
	}
	top := trimBlank(lines, start)
	for wrapped := 1; wrapped <= 3 && wrapped <= top; wrapped++ { // the line that introduces it may be wrapped
		if attribution.MatchString(strings.TrimSpace(strings.Join(lines[top-wrapped:top], " "))) {
			return top - wrapped
		}
	}
	return start
}

func skipBlank(lines []string, at, end int) int {
	for at < end && strings.TrimSpace(lines[at]) == "" {
		at++
	}
	return at
}

func signatureStart(lines []string, end int) int {
	for i := end - 1; i >= 0 && end-i <= maxSignature+1; i-- {
		if lines[i] == "-- " {
			return i
		}
	}
	return end
}

// headerBlock reports whether a line that says from whom begins the headers that mail programs put over the message that is answered.
func headerBlock(lines []string) bool {
	found := 0
	for _, line := range lines[1:min(len(lines), 8)] {
		line = strings.Trim(line, " *")
		if line == "" {
			break
		}
		if otherLine.MatchString(line) {
			found++
		}
	}
	return found >= 2
}

// In English, German, French, Spanish, Italian, Dutch, Portuguese, Swedish, Danish and Norwegian, Polish.
var (
	fromLine  = regexp.MustCompile(`^(?:From|Von|De|Da|Van|Från|Fra|Od) ?\*?: ?\*?.*\S`)
	otherLine = regexp.MustCompile(`^(?:Sent|Date|To|Cc|Subject|Reply-To|Gesendet|Datum|An|Betreff|Envoyé|Date d'envoi|À|Objet|Enviado(?: el)?|Enviada em|Fecha|Data|Para|Asunto|Assunto|Inviato|A|Oggetto|Verzonden|Aan|Onderwerp|Skickat|Till|Ämne|Sendt|Dato|Til|Emne|Wysłano|Do|Temat|DW|Kopie|CC|Kopia|Kopi) ?\*?:`)
	divider   = regexp.MustCompile(`^(?:_{10,}|-{2,} ?(?:Original Message|Original-Nachricht|Ursprüngliche Nachricht|Message d'origine|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Mensagem original|Originalmeddelande|Oprindelig meddelelse|Oryginalna wiadomość) ?-{2,})$`)

	attribution = regexp.MustCompile(`^(?:` + strings.Join([]string{
		`On .{4,200} wrote`, `Am .{4,200} schrieb .{1,200}`, `.{4,200} schrieb am .{4,200}`, `Le .{4,200} a écrit`, `El .{4,200} escribió`, `Il .{4,200} ha scritto`,
		`Op .{4,200} (?:schreef|heeft) .{1,200}`, `Em .{4,200} escreveu`, `Den .{4,200} skrev .{0,200}`, `W dniu .{4,200} (?:pisze|napisał\(a\))`,
	}, "|") + `) ?:$`)
)
