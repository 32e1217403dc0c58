package trec_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
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
	judged, err := trec.ReadJudgements(strings.NewReader("1 Q0 CACM-1 1\n\n1\t0\tCACM-2\t0\r\n 2 0 x -1 \n"))
	require.NoError(t, err)
	assert.Equal(t, trec.Judgements{"1": {"CACM-1": 1, "CACM-2": 0}, "2": {"x": -1}}, judged)
	for _, bad := range []string{"1 0 a", "1 0 a yes"} {
		_, err = trec.ReadJudgements(strings.NewReader("1 0 a 1\n" + bad))
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
		{"page", "<html><head><title>T</title></head><pre>some text</pre></html>", []trec.Document{{"page", "T", "some text"}}},
		{"smart", ".I 1\n.T\nTitle\nof it\n.W\nWords.\n.I 2\n.W\n.Not a part\n", []trec.Document{{"1", "Title\nof it\n", "Words."}, {"2", "", ".Not a part"}}},
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
	} {
		topics := trec.ReadTopics(c.text)
		require.Len(t, topics, 1, c.text)
		assert.Equal(t, c.id, topics[0].ID)
		assert.Equal(t, c.title, topics[0].Title)
		assert.Equal(t, c.looked, topics[0].Query())
	}
	assert.Empty(t, trec.ReadTopics("nothing"))
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"<DOC><DOCNO>1</DOCNO>a</DOC>", "<top><num>1<title>t<desc>", ".I 1\n.T\nx\n", "<doc <docno>", "1 0 a 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range trec.ReadDocuments("name", text) {
			require.NotContains(t, d.ID, "\n")
		}
		trec.ReadTopics(text)
		_, _ = trec.ReadJudgements(strings.NewReader(text))
	})
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	zip := func(content []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(content)
		_ = w.Close()
		return b.Bytes()
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, text := range map[string]string{"c/D-1.html": "<html>one</html>", "c/.hidden": "no"} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644, Typeflag: tar.TypeReg}))
		_, _ = w.Write([]byte(text))
	}
	require.NoError(t, w.Close())
	_, err := trec.Open(dir)
	require.ErrorContains(t, err, "give all three")
	write("docs.tar.gz", zip(archive.Bytes()))
	write("more/docs.sgml.gz", zip([]byte("<doc><docno>D-2</docno>two</doc>")))
	write("README.md", []byte("<doc><docno>no</docno></doc>"))
	write("Topics.txt", []byte("<top><num>1<title>one</top>"))
	write("qrels.test", []byte("1 0 D-1 1\n"))
	c, err := trec.Open(dir)
	require.NoError(t, err)
	assert.ElementsMatch(t, []trec.Document{{"D-1", "", "one"}, {"D-2", "", "two"}}, c.Documents)
	assert.Equal(t, "one", c.Topics[0].Query())
	assert.Equal(t, trec.Judgements{"1": {"D-1": 1}}, c.Judgements)
	write("qrels.bad", []byte("1 0"))
	_, err = trec.Open(dir)
	require.ErrorContains(t, err, "qrels.bad")
}
