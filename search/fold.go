package search

import (
	"unicode"
	"unicode/utf8"
)

// appendFolded adds a character to a key in lower case and without diacritics; the key begins at from. Written apart, the
// marks of Latin, Greek, Cyrillic, Arabic and Hebrew fall away; those of other writings are vowels and stay.
func appendFolded(key []byte, from int, r rune) []byte {
	switch {
	case ignored(r):
		return key
	case r == 0x306: // и with a breve is a letter of its own, as й is
		if last, size := utf8.DecodeLastRune(key[from:]); last == 'и' {
			return utf8.AppendRune(key[:len(key)-size], 'й')
		}
		return key
	case r >= 0x300 && r <= 0x36f, r >= 0x591 && r <= 0x5c7, r >= 0x64b && r <= 0x655:
		return key
	}
	r = unicode.ToLower(r)
	if folded := fold(r); folded != "" {
		return append(key, folded...)
	}
	return utf8.AppendRune(key, r)
}

// foldText is a word without diacritics; it must be in lower case.
func foldText(word string) string {
	for i := 0; i < len(word); i++ {
		if word[i] >= utf8.RuneSelf {
			key := make([]byte, 0, len(word))
			for _, r := range word {
				key = appendFolded(key, 0, r)
			}
			return string(key)
		}
	}
	return word
}

// fold is a letter without its diacritics, or in the letters that stand for it; empty where it has none.
func fold(r rune) string {
	switch r {
	case 'à', 'á', 'â', 'ã', 'ä', 'å', 'ā', 'ă', 'ą', 'ǎ', 'ǟ', 'ǡ', 'ǻ', 'ȁ', 'ȃ', 'ȧ', 'ḁ', 'ạ', 'ả', 'ấ', 'ầ', 'ẩ',
		'ẫ', 'ậ', 'ắ', 'ằ', 'ẳ', 'ẵ', 'ặ':
		return "a"
	case 'æ', 'ǣ', 'ǽ':
		return "ae"
	case 'ḃ', 'ḅ', 'ḇ':
		return "b"
	case 'ç', 'ć', 'ĉ', 'ċ', 'č', 'ḉ':
		return "c"
	case 'ð', 'ď', 'đ', 'ḋ', 'ḍ', 'ḏ', 'ḑ', 'ḓ':
		return "d"
	case 'ǆ', 'ǳ':
		return "dz"
	case 'è', 'é', 'ê', 'ë', 'ē', 'ĕ', 'ė', 'ę', 'ě', 'ȅ', 'ȇ', 'ȩ', 'ḕ', 'ḗ', 'ḙ', 'ḛ', 'ḝ', 'ẹ', 'ẻ', 'ẽ', 'ế', 'ề',
		'ể', 'ễ', 'ệ':
		return "e"
	case 'ƒ', 'ḟ':
		return "f"
	case 'ﬀ':
		return "ff"
	case 'ﬃ':
		return "ffi"
	case 'ﬄ':
		return "ffl"
	case 'ﬁ':
		return "fi"
	case 'ﬂ':
		return "fl"
	case 'ĝ', 'ğ', 'ġ', 'ģ', 'ǧ', 'ǵ', 'ḡ':
		return "g"
	case 'ĥ', 'ħ', 'ȟ', 'ḣ', 'ḥ', 'ḧ', 'ḩ', 'ḫ', 'ẖ':
		return "h"
	case 'ì', 'í', 'î', 'ï', 'ĩ', 'ī', 'ĭ', 'į', 'ı', 'ǐ', 'ȉ', 'ȋ', 'ḭ', 'ḯ', 'ỉ', 'ị':
		return "i"
	case 'ĳ':
		return "ij"
	case 'ĵ', 'ǰ':
		return "j"
	case 'ķ', 'ĸ', 'ǩ', 'ḱ', 'ḳ', 'ḵ':
		return "k"
	case 'ĺ', 'ļ', 'ľ', 'ŀ', 'ł', 'ḷ', 'ḹ', 'ḻ', 'ḽ':
		return "l"
	case 'ǉ':
		return "lj"
	case 'ḿ', 'ṁ', 'ṃ':
		return "m"
	case 'ñ', 'ń', 'ņ', 'ň', 'ŉ', 'ŋ', 'ǹ', 'ṅ', 'ṇ', 'ṉ', 'ṋ':
		return "n"
	case 'ǌ':
		return "nj"
	case 'ò', 'ó', 'ô', 'õ', 'ö', 'ø', 'ō', 'ŏ', 'ő', 'ơ', 'ǒ', 'ǫ', 'ǭ', 'ǿ', 'ȍ', 'ȏ', 'ȫ', 'ȭ', 'ȯ', 'ȱ', 'ṍ', 'ṏ',
		'ṑ', 'ṓ', 'ọ', 'ỏ', 'ố', 'ồ', 'ổ', 'ỗ', 'ộ', 'ớ', 'ờ', 'ở', 'ỡ', 'ợ':
		return "o"
	case 'œ':
		return "oe"
	case 'ṕ', 'ṗ':
		return "p"
	case 'ŕ', 'ŗ', 'ř', 'ȑ', 'ȓ', 'ṙ', 'ṛ', 'ṝ', 'ṟ':
		return "r"
	case 'ś', 'ŝ', 'ş', 'š', 'ſ', 'ș', 'ṡ', 'ṣ', 'ṥ', 'ṧ', 'ṩ', 'ẛ':
		return "s"
	case 'ß', 'ẞ':
		return "ss"
	case 'ﬅ', 'ﬆ':
		return "st"
	case 'ţ', 'ť', 'ŧ', 'ț', 'ṫ', 'ṭ', 'ṯ', 'ṱ', 'ẗ':
		return "t"
	case 'þ':
		return "th"
	case 'ù', 'ú', 'û', 'ü', 'ũ', 'ū', 'ŭ', 'ů', 'ű', 'ų', 'ư', 'ǔ', 'ǖ', 'ǘ', 'ǚ', 'ǜ', 'ȕ', 'ȗ', 'ṳ', 'ṵ', 'ṷ', 'ṹ',
		'ṻ', 'ụ', 'ủ', 'ứ', 'ừ', 'ử', 'ữ', 'ự':
		return "u"
	case 'ṽ', 'ṿ':
		return "v"
	case 'ŵ', 'ẁ', 'ẃ', 'ẅ', 'ẇ', 'ẉ', 'ẘ':
		return "w"
	case 'ẋ', 'ẍ':
		return "x"
	case 'ý', 'ÿ', 'ŷ', 'ȳ', 'ẏ', 'ẙ', 'ỳ', 'ỵ', 'ỷ', 'ỹ':
		return "y"
	case 'ź', 'ż', 'ž', 'ẑ', 'ẓ', 'ẕ':
		return "z"
	case 'ǯ':
		return "ʒ"
	case 'ά', 'ἀ', 'ἁ', 'ἂ', 'ἃ', 'ἄ', 'ἅ', 'ἆ', 'ἇ', 'ὰ', 'ά', 'ᾀ', 'ᾁ', 'ᾂ', 'ᾃ', 'ᾄ', 'ᾅ', 'ᾆ', 'ᾇ', 'ᾰ', 'ᾱ', 'ᾲ',
		'ᾳ', 'ᾴ', 'ᾶ', 'ᾷ':
		return "α"
	case 'ϐ':
		return "β"
	case 'έ', 'ϵ', 'ἐ', 'ἑ', 'ἒ', 'ἓ', 'ἔ', 'ἕ', 'ὲ', 'έ':
		return "ε"
	case 'ή', 'ἠ', 'ἡ', 'ἢ', 'ἣ', 'ἤ', 'ἥ', 'ἦ', 'ἧ', 'ὴ', 'ή', 'ᾐ', 'ᾑ', 'ᾒ', 'ᾓ', 'ᾔ', 'ᾕ', 'ᾖ', 'ᾗ', 'ῂ', 'ῃ', 'ῄ',
		'ῆ', 'ῇ':
		return "η"
	case 'ϑ':
		return "θ"
	case 'ΐ', 'ί', 'ϊ', 'ἰ', 'ἱ', 'ἲ', 'ἳ', 'ἴ', 'ἵ', 'ἶ', 'ἷ', 'ὶ', 'ί', 'ῐ', 'ῑ', 'ῒ', 'ΐ', 'ῖ', 'ῗ', 'ι':
		return "ι"
	case 'ϰ':
		return "κ"
	case 'µ':
		return "μ"
	case 'ό', 'ὀ', 'ὁ', 'ὂ', 'ὃ', 'ὄ', 'ὅ', 'ὸ', 'ό':
		return "ο"
	case 'ϖ':
		return "π"
	case 'ϱ', 'ῤ', 'ῥ':
		return "ρ"
	case 'ς':
		return "σ"
	case 'ΰ', 'ϋ', 'ύ', 'ὐ', 'ὑ', 'ὒ', 'ὓ', 'ὔ', 'ὕ', 'ὖ', 'ὗ', 'ὺ', 'ύ', 'ῠ', 'ῡ', 'ῢ', 'ΰ', 'ῦ', 'ῧ':
		return "υ"
	case 'ϕ':
		return "φ"
	case 'ώ', 'ὠ', 'ὡ', 'ὢ', 'ὣ', 'ὤ', 'ὥ', 'ὦ', 'ὧ', 'ὼ', 'ώ', 'ᾠ', 'ᾡ', 'ᾢ', 'ᾣ', 'ᾤ', 'ᾥ', 'ᾦ', 'ᾧ', 'ῲ', 'ῳ', 'ῴ',
		'ῶ', 'ῷ':
		return "ω"
	case 'ϓ', 'ϔ':
		return "ϒ"
	case 'ӑ', 'ӓ':
		return "а"
	case 'ѓ':
		return "г"
	case 'ѐ', 'ё', 'ӗ':
		return "е"
	case 'ӂ', 'ӝ':
		return "ж"
	case 'ӟ':
		return "з"
	case 'ѝ', 'ӣ', 'ӥ':
		return "и"
	case 'ї':
		return "і"
	case 'ќ':
		return "к"
	case 'ӧ':
		return "о"
	case 'ў', 'ӯ', 'ӱ', 'ӳ':
		return "у"
	case 'ӵ':
		return "ч"
	case 'ӹ':
		return "ы"
	case 'ӭ':
		return "э"
	case 'ӛ':
		return "ә"
	case 'ӫ':
		return "ө"
	case 'ѷ':
		return "ѵ"
	case 'آ', 'أ', 'إ':
		return "ا"
	case 'ؤ':
		return "و"
	case 'ئ':
		return "ي"
	case 'ۀ':
		return "ە"
	case 'ۂ':
		return "ہ"
	case 'ۓ':
		return "ے"
	}
	return ""
}
