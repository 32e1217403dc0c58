package trec

import (
	"html"
	"slices"
	"strings"
)

// Document is a document of a collection.
type Document struct {
	ID, Title, Text string // Text has no title
}

// Topic is what is looked for.
type Topic struct {
	ID, Title, Description, Text string // Text is all of it
}

// Query is what a topic is looked for by: its title; without one its description; without any parts all of it.
func (t Topic) Query() string {
	switch {
	case t.Title != "":
		return t.Title
	case t.Description != "":
		return t.Description
	}
	return t.Text
}

// ReadDocuments reads the documents of a file: many between DOC tags, each with its DOCNO; many after .I lines, as SMART has
// them; or one, whose ID is the name. The case of tags does not matter, and a closing tag may be missing.
func ReadDocuments(name, text string) []Document {
	var docs []Document
	switch {
	case has(text, "<docno>"):
		for _, part := range parts(text, "doc") {
			if id, rest := number(part, "docno"); id != "" {
				title, rest := title(rest)
				docs = append(docs, Document{id, title, plain(rest)})
			}
		}
	case strings.HasPrefix(strings.TrimSpace(text), ".I "):
		for _, s := range smart(text) {
			docs = append(docs, Document{s["I"], s["T"], strings.Join(strings.Fields(s["W"]+" "+s["A"]+" "+s["K"]), " ")})
		}
	default:
		title, rest := title(text)
		docs = append(docs, Document{name, title, plain(rest)})
	}
	return docs
}

// ReadTopics reads topics between top tags, each with its num; between DOC tags, each with its DOCNO; or after .I lines.
func ReadTopics(text string) []Topic {
	var topics []Topic
	add := func(part, id string) {
		if id = strings.TrimSpace(id); id == "" {
			return
		}
		t := Topic{ID: id, Title: label(element(part, "title"), "Topic:"), Description: label(element(part, "desc"), "Description:")}
		t.Text = plain(part)
		topics = append(topics, t)
	}
	switch {
	case has(text, "<top>"):
		for _, part := range parts(text, "top") {
			id, rest := number(part, "num")
			add(rest, label(id, "Number:"))
		}
	case has(text, "<docno>"):
		for _, part := range parts(text, "doc") {
			id, rest := number(part, "docno")
			add(rest, id)
		}
	case strings.HasPrefix(strings.TrimSpace(text), ".I "):
		for _, s := range smart(text) {
			topics = append(topics, Topic{ID: s["I"], Text: strings.Join(strings.Fields(s["W"]), " ")})
		}
	}
	return topics
}

// parts are what is between the tags of a name, up to the next one or to the end where no tag closes.
func parts(text, name string) []string {
	low := lower(text)
	var list []string
	for {
		begin := tag(low, name)
		if begin < 0 {
			return list
		}
		low, text = low[begin:], text[begin:]
		end := strings.Index(low, "</"+name+">")
		if next := tag(low, name); next >= 0 && (end < 0 || next < end) {
			end = strings.LastIndex(low[:next], "<")
		}
		if end < 0 {
			end = len(low)
		}
		list = append(list, text[:end])
		low, text = low[end:], text[end:]
	}
}

// tag is where what follows the next opening tag begins, -1 where there is none.
func tag(low, name string) int {
	for from := 0; ; {
		at := strings.Index(low[from:], "<"+name)
		if at < 0 {
			return -1
		}
		at += from + 1 + len(name)
		if at < len(low) && (low[at] == '>' || low[at] == ' ') {
			if end := strings.IndexByte(low[at:], '>'); end >= 0 {
				return at + end + 1
			}
		}
		from = at
	}
}

// number takes an element with an ID out of a text.
func number(text, name string) (id, rest string) {
	begin, end := bounds(text, name)
	if begin < 0 {
		return "", text
	}
	return plain(text[begin:end]), text[end:]
}

// title takes the title out of a text.
func title(text string) (title, rest string) {
	for _, name := range []string{"title", "headline", "hl", "ti"} {
		if begin, end := bounds(text, name); begin >= 0 {
			if title = plain(text[begin:end]); title != "" {
				return title, text[:begin] + text[end:]
			}
		}
	}
	return "", text
}

func element(text, name string) string {
	begin, end := bounds(text, name)
	if begin < 0 {
		return ""
	}
	return text[begin:end]
}

// bounds are those of what an element contains: up to its closing tag, or to the next tag where topics have none.
func bounds(text, name string) (begin, end int) {
	low := lower(text)
	if begin = tag(low, name); begin < 0 {
		return -1, -1
	}
	if end = strings.Index(low[begin:], "</"+name+">"); end < 0 {
		end = strings.IndexByte(low[begin:], '<')
	}
	if end < 0 {
		return begin, len(text)
	}
	return begin, begin + end
}

// label takes the word away that TREC writes before a part of a topic.
func label(text, word string) string {
	text = plain(text)
	if len(text) >= len(word) && strings.EqualFold(text[:len(word)], word) {
		text = text[len(word):]
	}
	return strings.TrimSpace(text)
}

// plain is a text without tags, and with one space between its words.
func plain(text string) string {
	var b strings.Builder
	for text != "" {
		at := strings.IndexByte(text, '<')
		if at < 0 {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:at])
		text = text[at:]
		end := strings.IndexByte(text, '>')
		if end > 0 && (text[1] == '/' || text[1] == '!' || text[1]|0x20 >= 'a' && text[1]|0x20 <= 'z') {
			b.WriteByte(' ')
			text = text[end+1:]
		} else {
			b.WriteByte('<')
			text = text[1:]
		}
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}

// smart reads records of lines after .I, .T, .W and the like. Of a part that comes twice both are taken.
func smart(text string) []map[string]string {
	var list []map[string]string
	part := ""
	for line := range strings.Lines(text) {
		switch f := strings.Fields(line); {
		case len(f) == 2 && f[0] == ".I":
			list = append(list, map[string]string{"I": f[1]})
			part = ""
		case len(f) == 1 && len(f[0]) == 2 && f[0][0] == '.' && f[0][1] >= 'A' && f[0][1] <= 'Z':
			part = f[0][1:]
		case part != "" && len(list) > 0 && part != "I":
			list[len(list)-1][part] += line
		}
	}
	return slices.Clip(list)
}

func has(text, tag string) bool { return strings.Contains(lower(text), tag) }

// lower is a text with its ASCII letters in lower case, as long as it was.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
