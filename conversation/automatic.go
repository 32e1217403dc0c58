package conversation

import "strings"

// LooksAutomatic reports whether a subject is one that absence notices and delivery reports commonly have, in a number
// of languages. It is for channels that carry no mark of their own; a subject that only mentions such words is none, and
// neither is an answer to a notice ("Re: Automatic reply: …").
func LooksAutomatic(subject string) bool {
	subject = strings.TrimSpace(subject[:min(len(subject), maxScan)])
	lower := strings.ToLower(subject)
	for _, words := range automaticSubjects {
		rest, ok := strings.CutPrefix(lower, words)
		if !ok {
			continue
		}
		// The words are all of it, or a mark or another such word parts them from the subject that is answered.
		rest = strings.TrimLeft(rest, " \u00a0")
		if rest == "" || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "：") || strings.HasPrefix(rest, "(") ||
			strings.HasPrefix(rest, "autoreply") || strings.HasPrefix(rest, "auto-reply") {
			return true
		}
	}
	return false
}

// automaticSubjects are in lower case.
var automaticSubjects = []string{
	// English
	"automatic reply", "auto reply", "auto-reply", "autoreply", "automatic response", "autoresponse", "auto response",
	"auto", "out of office", "out of the office", "out-of-office", "vacation response", "away from office", "away from the office",
	"undeliverable", "undelivered mail returned to sender", "delivery status notification", "mail delivery failed",
	"mail delivery failure", "mail delivery system", "returned mail", "failure notice", "delivery failure", "delivery delayed",
	// German
	"automatische antwort", "automatische rückantwort", "abwesenheitsnotiz", "abwesenheitsnachricht", "abwesend",
	"abwesenheit", "unzustellbar", "nicht zustellbar",
	// French
	"réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau", "message d'absence", "non remis",
	// Spanish, Portuguese, Italian
	"respuesta automática", "respuesta automatica", "fuera de la oficina", "fuera de oficina", "no se puede entregar",
	"resposta automática", "resposta automatica", "fora do escritório", "ausência temporária", "não é possível entregar",
	"risposta automatica", "fuori sede", "fuori ufficio", "assenza dall'ufficio", "non recapitabile",
	// Dutch and the north
	"automatisch antwoord", "afwezig", "afwezigheidsmelding", "niet bij machte om af te leveren", "onbestelbaar",
	"autosvar", "automatiskt svar", "automatisk svar", "automatisk besvarelse", "frånvarande", "fraværende", "ikke til stede",
	"ikke på kontoret", "automaattinen vastaus", "poissa", "poissa toimistosta",
	// The east
	"automatyczna odpowiedź", "odpowiedź automatyczna", "nieobecność", "poza biurem", "automatická odpověď", "automatická odpoveď",
	"mimo kancelář", "automatikus válasz", "házon kívül", "răspuns automat", "автоответ", "автоматический ответ",
	"автоматична відповідь", "нет на месте", "αυτόματη απάντηση", "otomatik yanıt", "ofis dışında",
	// Asia
	"自動応答", "自動返信", "不在通知", "自动答复", "自动回复", "自動回覆", "外出", "자동 회신", "부재중",
}
