package eventlog

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tag is a start tag without prefixes.
type tag struct {
	name  string
	attrs []string // name, value, name, value …
}

func ourTags(r io.Reader) ([]tag, error) {
	limits, _ := Limits{}.withDefaults()
	t := newTokenizer(r, limits)
	var tags []tag
	local := func(name []byte) string {
		_, after, found := strings.Cut(string(name), ":")
		if !found {
			return string(name)
		}
		return after
	}
	for {
		kind, err := t.next()
		if err != nil || kind == tokenEOF {
			return tags, err
		}
		if kind == tokenStart {
			next := tag{name: local(t.name)}
			for _, a := range t.attrs {
				next.attrs = append(next.attrs, local(a.name), string(a.value))
			}
			tags = append(tags, next)
		}
	}
}

func theirTags(data []byte) ([]tag, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var tags []tag
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return tags, nil
		}
		if err != nil {
			return tags, err
		}
		if start, ok := token.(xml.StartElement); ok {
			next := tag{name: start.Name.Local}
			for _, a := range start.Attr {
				next.attrs = append(next.attrs, a.Name.Local, a.Value)
			}
			tags = append(tags, next)
		}
	}
}

// spaces makes white space in values alike: encoding/xml leaves it as it is, where XML wants spaces.
func spaces(tags []tag) []tag {
	alike := strings.NewReplacer("\n", " ", "\t", " ", "\r", " ")
	for _, t := range tags {
		for i := range t.attrs {
			t.attrs[i] = alike.Replace(t.attrs[i])
		}
	}
	return tags
}

var wellFormed = []string{
	`<a/>`,
	`<?xml version="1.0"?><a b="c" d='e"f'>text</a>`,
	"<?xml version='1.0' encoding=\"UTF-8\" standalone='yes' ?>\n<!-- one - two -->\n<a\n b = 'c'\r\n\td=\"\"/>\n<!---->\n",
	`<!DOCTYPE log SYSTEM "x.dtd"><log></log >`,
	`<!DOCTYPE log PUBLIC "a>b" '"'><log/>`,
	`<a b="&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#10;"/>`,
	"<a b=\"one\r\ntwo\rthree\tfour\"/>",
	`<x:a xmlns:x="u" x:b="1" b="2"><x:b/></x:a>`,
	`<a><![CDATA[<b>&x;]]>]]</a>`,
	`<a><?target some data?><?other?></a><?after?>`,
	`<a.b-c_d>é € 😀 &amp; ></a.b-c_d>`,
	`<a b="é€😀"/>`,
}

func TestTokenizerReadsWhatEncodingXMLReads(t *testing.T) {
	for _, text := range wellFormed {
		theirs, err := theirTags([]byte(text))
		require.NoError(t, err, text)
		ours, err := ourTags(strings.NewReader(text))
		require.NoError(t, err, text)
		assert.Equal(t, spaces(theirs), spaces(ours), text)

		slowly, err := ourTags(iotest.OneByteReader(strings.NewReader(text)))
		require.NoError(t, err, text)
		assert.Equal(t, ours, spaces(slowly), text)
	}
}

func TestTokenizerTurnsWhiteSpaceInValuesIntoSpaces(t *testing.T) {
	tags, err := ourTags(strings.NewReader("<a b='1\r\n2\n3\r4\t5&#10;6&#13;&#9;'/>"))
	require.NoError(t, err)
	assert.Equal(t, []tag{{name: "a", attrs: []string{"b", "1 2 3 4 5\n6\r\t"}}}, tags)
}

func TestTokenizerRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		code    Code
		line    int
		message string
	}{
		"nothing":                         {"", CodeEmpty, 1, "no content"},
		"white space only":                {" \n\n", CodeEmpty, 3, "no content"},
		"a declaration only":              {"<?xml version='1.0'?>\n", CodeEmpty, 2, "no content"},
		"plain text":                      {"\ncase;time\n", CodeNotXML, 2, "not XML"},
		"an element that stays open":      {"<a>\n<b>\n</b>\n", CodeTruncated, 4, "<a>"},
		"an end within a tag":             {"<a>\n<b c='d", CodeTruncated, 2, "within <a>"},
		"an end within the first tag":     {"<a", CodeTruncated, 1, "within a tag"},
		"an end within a last comment":    {"<a/><!-- ", CodeTruncated, 1, "within a tag"},
		"the wrong end tag":               {"<a>\n</b>", CodeMalformed, 2, "<a> must be closed"},
		"an end tag alone":                {"</b>", CodeMalformed, 1, "not open"},
		"an end tag with attributes":      {"<a></a b='1'>", CodeMalformed, 1, "</a>"},
		"a second root":                   {"<a/>\n<b/>", CodeMalformed, 2, "one log"},
		"text after the root":             {"<a/>\nb", CodeMalformed, 2, "one log"},
		"a value without quotes":          {"<a b=c/>", CodeMalformed, 1, "quotes"},
		"an attribute without a value":    {"<a b/>", CodeMalformed, 1, "no value"},
		"attributes without a space":      {"<a b='1'c='2'/>", CodeMalformed, 1, "space is missing"},
		"an attribute twice":              {"<a b='1' b='2'/>", CodeMalformed, 1, "twice"},
		"< in a value":                    {"<a\nb='<'/>", CodeMalformed, 2, "&lt;"},
		"a lonely slash":                  {"<a / >", CodeMalformed, 1, "/"},
		"an ampersand alone":              {"<a b='R&D'/>", CodeMalformed, 1, "&amp;"},
		"an entity of its own":            {"<a b='&lol;'/>", CodeEntity, 1, "&lol;"},
		"an entity in a text":             {"<a>&nbsp;</a>", CodeEntity, 1, "&nbsp;"},
		"a character that is none":        {"<a b='&#0;'/>", CodeMalformed, 1, "&#0;"},
		"half a character by number":      {"<a b='&#xD800;'/>", CodeMalformed, 1, "&#xD800;"},
		"a number that is none":           {"<a b='&#x;'/>", CodeMalformed, 1, "&#x;"},
		"a control character":             {"<a b='\x01'/>", CodeEncoding, 1, "0x01"},
		"a zero byte in a text":           {"<a>\x00</a>", CodeEncoding, 1, "0x00"},
		"Latin-1 in what should be UTF-8": {"<a\nb='Andr\xe9'/>", CodeEncoding, 2, "0xE9"},
		"Latin-1 in a comment":            {"<!-- \xe9 --><a/>", CodeEncoding, 1, "0xE9"},
		"a surrogate in UTF-8":            {"<a b='\xed\xa0\x80'/>", CodeEncoding, 1, "0xED"},
		"]]> in a text":                   {"<a>]]></a>", CodeMalformed, 1, "]]>"},
		"-- in a comment":                 {"<!-- a -- b --><a/>", CodeMalformed, 1, "--"},
		"CDATA outside":                   {"<![CDATA[x]]><a/>", CodeMalformed, 1, "<!"},
		"a late declaration":              {" <?xml version='1.0'?><a/>", CodeMalformed, 1, "beginning"},
		"XML 1.1":                         {"<?xml version='1.1'?><a/>", CodeMalformed, 1, "not well formed"},
		"a declaration without version":   {"<?xml encoding='UTF-8'?><a/>", CodeMalformed, 1, "not well formed"},
		"an empty declaration":            {"<?xml?><a/>", CodeMalformed, 1, "not well formed"},
		"a declaration out of order":      {"<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>", CodeMalformed, 1, "not well formed"},
		"a declaration with more":         {"<?xml version='1.0' color='red'?><a/>", CodeMalformed, 1, "not well formed"},
		"a name with a digit first":       {"<1a/>", CodeMalformed, 1, `'1'`},
		"a name outside of ASCII":         {"<\u00e9/>", CodeMalformed, 1, "ASCII"},
		"a name with two colons":          {"<a:b:c/>", CodeMalformed, 1, `':'`},
		"a name that ends in a colon":     {"<a: b='1'/>", CodeMalformed, 1, `' '`},
		"a name without a beginning":      {"< a/>", CodeMalformed, 1, `' '`},
		"a document type with entities": {"<!DOCTYPE log [\n<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]><log/>",
			CodeEntity, 1, "document type"},
		"two document types":            {"<!DOCTYPE a><!DOCTYPE a><a/>", CodeMalformed, 1, "<!"},
		"a document type in an element": {"<a><!DOCTYPE a></a>", CodeMalformed, 1, "<!"},
		"another declaration":           {"<!ELEMENT a><a/>", CodeMalformed, 1, "<!"},
		"too many attributes":           {"<a" + manyAttributes(65) + "/>", CodeLimit, 1, "64"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				_, err := ourTags(r)
				var f *Error
				require.ErrorAs(t, err, &f)
				assert.Equal(t, test.code, f.Code, f.Error())
				assert.Equal(t, test.line, f.Line, f.Error())
				assert.Contains(t, f.Message, test.message)
			}
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a")
		b.WriteString(strings.Repeat("b", i))
		b.WriteString("='1'")
	}
	return b.String()
}

func TestTokenizerReadsTagsLongerThanItsBuffer(t *testing.T) {
	long := strings.Repeat("0123456789", 90_000)
	for _, r := range []io.Reader{
		strings.NewReader("<a b='" + long + "'/>"),
		iotest.HalfReader(strings.NewReader("<a b='" + long + "'/>")),
	} {
		tags, err := ourTags(r)
		require.NoError(t, err)
		assert.Equal(t, long, tags[0].attrs[1])
	}
}

// FuzzTokenizer: what the tokenizer accepts, encoding/xml accepts and reads alike; and the size of reads never matters.
func FuzzTokenizer(f *testing.F) {
	for _, text := range wellFormed {
		f.Add([]byte(text))
	}
	f.Add([]byte("<a b='\xe9'/>"))
	f.Add([]byte("<a b='&#xD800;'>]]></a>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, err := ourTags(bytes.NewReader(data))
		slowly, slowErr := ourTags(iotest.OneByteReader(bytes.NewReader(data)))
		require.Equal(t, err, slowErr)
		require.Equal(t, ours, slowly)
		if name := strings.ToUpper(xmlEncoding(data)); err != nil || name != "" && name != "UTF-8" {
			return
		}
		theirs, err := theirTags(data)
		require.NoError(t, err)
		require.Equal(t, spaces(theirs), spaces(ours))
	})
}
