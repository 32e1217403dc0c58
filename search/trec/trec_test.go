package trec_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/search/trec"
)

// The figures are worked out by hand. Topic 1: relevant at places 1 and 3 of three relevant documents, so that the average
// precision is (1/1 + 2/3) / 3. Topic 2: nothing was found. Topic 3 has no relevant document and counts for nothing.
func TestEvaluate(t *testing.T) {
	judged := trec.Judgements{
		"1": {"a": 2, "b": 0, "c": 1, "d": 1, "e": -1},
		"2": {"a": 1},
		"3": {"a": 0},
	}
	m := trec.Evaluate(judged, trec.Run{"1": {"a", "b", "c", "e", "x"}, "3": {"a"}, "unknown": {"a"}})
	assert.Equal(t, 2, m.Topics)
	assert.InDelta(t, (1+2.0/3)/3/2, m.MAP, 1e-12)
	// gains 2 at 1 and 1 at 3 (log2 4 = 2), against 2, 1 and 1 at 1, 2 and 3
	assert.InDelta(t, (2+0.5)/(2+0.6309297535714575+0.5)/2, m.NDCG10, 1e-12)
	assert.InDelta(t, 0.2/2, m.P10, 1e-12)
	assert.InDelta(t, 2.0/30/2, m.P30, 1e-12)
	assert.Equal(t, "MAP 0.2778 nDCG@10 0.3992 P@10 0.1000 P@30 0.0333", m.String())

	var deep []string
	for range 10 {
		deep = append(deep, "x")
	}
	m = trec.Evaluate(trec.Judgements{"1": {"a": 1}}, trec.Run{"1": append(deep, "a")})
	assert.InDelta(t, 1.0/11, m.MAP, 1e-12)
	assert.Zero(t, m.NDCG10+m.P10, "the eleventh is beyond ten")
	assert.InDelta(t, 1.0/30, m.P30, 1e-12)
	assert.Zero(t, trec.Evaluate(nil, nil))
}

func TestReadJudgements(t *testing.T) {
	for _, c := range []struct {
		name, text string
		judged     trec.Judgements
	}{
		{"TREC", "1 Q0 CACM-1 1\n\n1\t0\tCACM-2\t0\r\n 2 0 x -1 \n", trec.Judgements{"1": {"CACM-1": 1, "CACM-2": 0}, "2": {"x": -1}}},
		{"three columns", "1 184 2\n1  29 -1\n2 3 1.0", trec.Judgements{"1": {"184": 2, "29": -1}, "2": {"3": 1}}},
		{"more columns", "1 0 a 1 x\n", trec.Judgements{"1": {"a": 1}}},
		{"SMART lists what is relevant", "   1   28   0 0.000000\n   1   35   0 0.000000\n", trec.Judgements{"1": {"28": 1, "35": 1}}},
		{"a document 0 among others", "1 0 0 0\n1 0 2 0\n", trec.Judgements{"1": {"0": 0, "2": 0}}},
		{"nothing", "\n \n", trec.Judgements{}},
	} {
		judged, err := trec.ReadJudgements(strings.NewReader(c.text))
		require.NoError(t, err, c.name)
		assert.Equal(t, c.judged, judged, c.name)
	}
	for _, bad := range []string{"1 0", "1 0 a", "1 0 a yes", "1 0 a 0.5", "1 0 a ."} {
		_, err := trec.ReadJudgements(strings.NewReader("1 0 a 1\n" + bad))
		assert.ErrorContains(t, err, "line 2")
	}
}

func TestReadDocuments(t *testing.T) {
	for _, c := range []struct {
		name, text string
		docs       []trec.Document
	}{
		{"tags", "<DOC>\n<DOCNO> A-1 </DOCNO><TITLE>One &amp; all</TITLE><TEXT>Body <b>text</b>, 1 < 2</TEXT></DOC>\n<doc><docno>A-2</docno>rest</doc>",
			[]trec.Document{{"A-1", "One & all", "Body text , 1 < 2"}, {"A-2", "", "rest"}}},
		{"not closed", "<Doc><DocNo>1</DocNo>first <DOC id=x><DOCNO>2\n<HL>Head</HL> second",
			[]trec.Document{{"1", "", "first"}, {"2", "Head", "second"}}},
		{"some closed", "<DOC\nid=x>\r\n<DOCNO>\r\n1\r\n</DOCNO>first<DOC><DOCNO>2</DOCNO>second</DOC> between <DOC>no number</DOC>",
			[]trec.Document{{"1", "", "first"}, {"2", "", "second"}}},
		{"a newspaper", "<DOC><DOCNO>1</DOCNO><TITLE></TITLE><HEADLINE>\n<P>Head</P>\n</HEADLINE><TEXT>said</TEXT></DOC>", []trec.Document{{"1", "Head", "said"}}},
		{"unseen", "<html><head><TITLE>T</TITLE><STYLE>b{}</STYLE></head><!-- <p>no --><Script>if (a<b) {}</SCRIPT>yes, 1<2</html>",
			[]trec.Document{{"unseen", "T", "yes, 1<2"}}},
		{"page", "<html><head><title>T</title></head><pre>some text</pre></html>", []trec.Document{{"page", "T", "some text"}}},
		{"smart", ".I 1\n.T\nTitle\nof it\n.W\nWords.\n.I 2\n.W\n.Not a part\n", []trec.Document{{"1", "Title of it", "Words."}, {"2", "", ".Not a part"}}},
	} {
		assert.Equal(t, c.docs, trec.ReadDocuments(c.name, c.text), c.name)
	}
}

func TestReadTopics(t *testing.T) {
	for _, c := range []struct {
		text   string
		id     string
		title  string
		looked string
	}{
		{"<top>\n<num> Number: 301\n<title> Topic: Organized Crime\n<desc> Description:\nWhat is it?\n<narr> Narrative: x\n</top>", "301", "Organized Crime", "Organized Crime"},
		{"<TOP><NUM>7</NUM><DESC>only this</DESC></TOP>", "7", "", "only this"},
		{"<DOC>\n<DOCNO> 3 </DOCNO>\n Intermediate languages\n</DOC>", "3", "", "Intermediate languages"},
		{".I 4\n.W\nsome words\n.N\n no\n", "4", "", "some words"},
		{".I 004\r\n.T\r\nsome\r\nwords\r\n", "004", "", "some words"},
		{"<top>\r\n<num>Number : 051\r\n<title>Topic:  a < b: c\r\n<desc>Description\r\n", "051", "a < b: c", "a < b: c"},
		{"<top><num> 1 </num><title> 4: a number </title></top>", "1", "4: a number", "4: a number"},
	} {
		topics := trec.ReadTopics(c.text)
		require.Len(t, topics, 1, c.text)
		assert.Equal(t, c.id, topics[0].ID)
		assert.Equal(t, c.title, topics[0].Title)
		assert.Equal(t, c.looked, topics[0].Query())
	}
	for _, none := range []string{"", "nothing", "<top>no number</top>", "<html><title>Topics</title></html>"} {
		assert.Empty(t, trec.ReadTopics(none))
	}
}

// However lines end, documents are the same, each with an ID and in one line.
func FuzzReadDocuments(f *testing.F) {
	for _, seed := range []string{"<DOC><DOCNO>1</DOCNO>a</DOC>", "<doc\n<docno>", "<html><head><title>x</title><!-- <b> --><script>a<b</script>c &lt; d", ".I 1\n.T\nx\n.W\r\ny", "1 < 2 <"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs := trec.ReadDocuments("name", text)
		for _, d := range docs {
			require.NotEmpty(t, d.ID)
			for _, part := range []string{d.ID, d.Title, d.Text} {
				require.Equal(t, strings.Join(strings.Fields(part), " "), part)
			}
		}
		require.Equal(t, docs, trec.ReadDocuments("name", strings.ReplaceAll(text, "\n", "\r\n")))
	})
}

func FuzzReadTopics(f *testing.F) {
	for _, seed := range []string{"<top>\n<num> Number: 301\n<title> Topic: a < b\n<desc> Description:\nc\n</top>", "<top\tx><num>1<title>t<desc>", "<DOC><DOCNO>1</DOCNO>a", ".I 001\n.W\nx\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		topics := trec.ReadTopics(text)
		for _, topic := range topics {
			require.NotEmpty(t, topic.ID)
			for _, part := range []string{topic.ID, topic.Title, topic.Description, topic.Text, topic.Query()} {
				require.Equal(t, strings.Join(strings.Fields(part), " "), part)
			}
		}
		require.Equal(t, topics, trec.ReadTopics(strings.ReplaceAll(text, "\n", "\r\n")))
	})
}

// Judgements that are written as TREC has them are read as they were.
func FuzzReadJudgements(f *testing.F) {
	for _, seed := range []string{"1 Q0 a 1\n2 0 b -1", "1 184 2\r\n\r\n1 29 +3", "1 28 0 0.000000\n", "1 0 a 1.5", "1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		judged, err := trec.ReadJudgements(strings.NewReader(text))
		if err != nil {
			require.Nil(t, judged)
			return
		}
		var b strings.Builder
		zeros := true
		for topic, grades := range judged {
			for doc, grade := range grades {
				zeros = zeros && doc == "0" && grade == 0
				fmt.Fprintln(&b, topic, "0", doc, grade)
			}
		}
		again, err := trec.ReadJudgements(strings.NewReader(b.String()))
		require.NoError(t, err)
		require.True(t, zeros || assert.ObjectsAreEqual(judged, again), "%v", again)
	})
}

// packed is a tar archive of files, zipped by gzip.
func packed(t *testing.T, files map[string]string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "top/", Mode: 0o755, Typeflag: tar.TypeDir}))
	for name, text := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644, Typeflag: tar.TypeReg}))
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return zipped(t, b.String())
}

func zipped(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// folder is a new folder with files.
func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

// Collections come in many forms. Each of these has two documents, whose words tell which is which, a topic, and one judgement.
func TestOpen(t *testing.T) {
	const (
		docs   = "<DOC>\n<DOCNO> 7 </DOCNO>\n<TEXT>seven</TEXT>\n</DOC>\n<DOC>\n<DOCNO>08</DOCNO>eight</DOC>"
		topics = "<top>\n<num> Number: 1\n<title> looked for\n<desc> Description:\nmuch more\n</top>\n"
		qrels  = "1 0 7 1\n"
		smart  = ".I 7\n.T\nseven\n.I 08\n.W\neight\n.X\n7 8\n"
	)
	bz2, err := hex.DecodeString("425a6839314159265359ddbb620e000003580000104000608020002183419a0c8044e2ee48a70a121bb76c41c0") // of qrels
	require.NoError(t, err)
	for _, c := range []struct {
		name  string
		files map[string]string
	}{
		{"one file of tags", map[string]string{"docs.sgml": docs, "topics.1-1": topics, "qrels.txt": qrels}},
		{"zipped", map[string]string{"docs.gz": zipped(t, docs), "topics.gz": zipped(t, topics), "qrels.gz": zipped(t, qrels)}},
		{"bzip2", map[string]string{"docs": docs, "topics": topics, "qrels.bz2": string(bz2)}},
		{"archive of pages", map[string]string{"topics": topics, "qrels": qrels, "pages.tgz": packed(t, map[string]string{
			"top/7.html": "<html><pre>seven</pre></html>", "top/08.html": "<html>eight</html>", "top/._7.html": "no", "./.hidden/x.html": "no", "top/README": "no"})}},
		{"archive of everything, zipped in it", map[string]string{"all.tar.gz": packed(t, map[string]string{
			"top/7.html.gz": zipped(t, "seven"), "top/d/08.txt": "eight", "top/topics.txt": topics, "top/qrels.txt.gz": zipped(t, qrels)})}},
		{"folders", map[string]string{"a/7": "seven", "b/c/08.htm": "eight", "b/topics": topics, "qrels": qrels, ".git/x": "no", "._7": "no", "License": "no", "photo": "\x89\x00no"}},
		{"SMART", map[string]string{"MED.ALL": smart, "MED.QRY": ".I 1\n.W\nlooked for\n", "MED.REL": qrels, "common.stp": "the", "MED.BLN": "#q1=#and(a,b);"}},
		{"SMART with names before it", map[string]string{"cran.all.1400": smart, "cran.qry": ".I 001\n.W\nlooked for\n", "cranqrel": "1 7 1\n"}},
		{"SMART with zeros", map[string]string{"CISI.ALL": smart, "CISI.QRY": ".I 1\n.W\nlooked for\n", "CISI.REL": " 1 7 0 0.000000\n"}},
		{"query.text and qrels.text", map[string]string{"x.all": smart, "query.text": ".I 1\n.W\nlooked for\n", "qrels.text": "01 7 0 0\n"}},
		{"topics by their tags", map[string]string{"docs": docs, "04.testset": topics, "qrels": qrels}},
		{"topics as documents", map[string]string{"docs": docs, "queries": "<DOC><DOCNO>1</DOCNO>looked for</DOC>", "qrels": qrels}},
		{"zeros in front of a topic", map[string]string{"docs": docs, "topics": topics, "qrels": "001 0 7 1\n"}},
		{"lines of other systems", map[string]string{"docs": "\ufeff" + strings.ReplaceAll(docs, "\n", "\r\n"), "topics": strings.ReplaceAll(topics, "\n", "\r"),
			"qrels": strings.ReplaceAll(qrels, "\n", "\r\n")}},
		{"twice", map[string]string{"docs": docs, "again/docs": docs, "topics": topics, "topics2": topics, "qrels.1": qrels, "qrels.2": qrels}},
	} {
		collection, err := trec.Open(folder(t, c.files))
		require.NoError(t, err, c.name)
		words := map[string]string{}
		for _, d := range collection.Documents {
			words[d.ID] += d.Title + d.Text
		}
		assert.Equal(t, map[string]string{"7": "seven", "08": "eight"}, words, c.name)
		require.Len(t, collection.Topics, 1, c.name)
		assert.Equal(t, "looked for", collection.Topics[0].Query(), c.name)
		assert.Equal(t, map[string]int{"7": 1}, collection.Judgements[collection.Topics[0].ID], c.name)
	}
}

// What a file has may be other than its name says.
func TestOpenReadsWhatIsThere(t *testing.T) {
	files := map[string]string{
		"topics": "<top><num>1<title>one</top>", "cranqrel": "1 topics-1 1\n", "docs/topics-1.html": "<html>first</html>", "docs/query.v2.htm": "<p>second",
		"docs/qrels.html": "<p>third", "docs/que.0": "fourth \xe9t\xe9 \x80 é", "docs/relations": "fifth", "docs/8.rel": "sixth of all",
	}
	c, err := trec.Open(folder(t, files))
	require.NoError(t, err)
	assert.ElementsMatch(t, []trec.Document{{"topics-1", "", "first"}, {"query.v2", "", "second"}, {"qrels", "", "third"}, {"que.0", "", "fourth été € é"},
		{"relations", "", "fifth"}, {"8", "", "sixth of all"}}, c.Documents)
	assert.Equal(t, "one", c.Topics[0].Query())
}

// In the Cranfield collection judgements number topics by their places, and topics have gaps.
func TestOpenCountsTopicsWithGaps(t *testing.T) {
	files := map[string]string{"cran.all": ".I 9\n.W\nx\n", "cran.qry": ".I 001\n.W\na\n.I 002\n.W\nb\n.I 004\n.W\nc\n", "cranqrel": "1 9 1\n2 9 1\n3 9 1\n"}
	ids := func() (list []string) {
		c, err := trec.Open(folder(t, files))
		require.NoError(t, err)
		for _, topic := range c.Topics {
			list = append(list, topic.ID+topic.Text)
		}
		return list
	}
	assert.Equal(t, []string{"1a", "2b", "3c"}, ids())
	files["cranqrel"] = "1 9 1\n2 9 1\n4 9 1\n"
	assert.Equal(t, []string{"1a", "2b", "4c"}, ids(), "judgements have the same gaps")
	files["cranqrel"] = "1 9 1\n3 9 1\n"
	assert.Equal(t, []string{"1a", "002b", "004c"}, ids(), "one is not judged: it is not known which")
}

func TestOpenRefuses(t *testing.T) {
	good := map[string]string{"docs": "<doc><docno>D-1</docno>x</doc>", "topics": "<top><num>1<title>one</top>", "qrels": "1 0 D-1 1\n"}
	for _, c := range []struct{ name, text, says string }{
		{"docs", "", "0 documents"}, {"docs", "<doc><docno>D-2</docno></doc>", "no judgement is of"}, {"topics", "<top><num>2<title>one</top>", "no judgement is of"},
		{"qrels", "", "give all three"}, {"qrels", "1 0", "qrels: trec: judgements, line 1"}, {"docs", "PK\x03\x04rest", "docs is packed by zip: unpack it"},
		{"docs", "\x1f\x9d\x90rest", "unpack it"}, {"docs", "\x1f\x8brest", "docs: "}, {"docs", zipped(t, "text")[:20], "docs: "},
	} {
		files := maps.Clone(good)
		files[c.name] = c.text
		_, err := trec.Open(folder(t, files))
		assert.ErrorContains(t, err, c.says, c.text)
	}
	_, err := trec.Open(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = trec.Open(folder(t, good))
	assert.NoError(t, err)
}
