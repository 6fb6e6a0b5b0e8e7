import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { WireProblem } from "./protocol.ts";
import { escapeXml, readXml, type XmlElement } from "./xml.ts";

const sketch = ({ name, attributes, children, text }: XmlElement): unknown =>
  children.length > 0
    ? [name, { ...attributes }, ...children.map(sketch)]
    : [name, { ...attributes }, text];

describe("the XML reader", () => {
  const good: [string, unknown][] = [
    ["<a/>", ["a", {}, ""]],
    ["<a></a >", ["a", {}, ""]],
    ["\uFEFF<?xml version='1.0'?>\n<!-- c --><a>t</a>\n<!-- d -->", ["a", {}, "t"]],
    ["<a>1 &lt; 2 &amp;&#38; &#x1F600;</a>", ["a", {}, "1 < 2 && 😀"]],
    ["<a><![CDATA[<b>&amp;]]>c</a>", ["a", {}, "<b>&amp;c"]],
    ["<a>x<!-- y -->z</a>", ["a", {}, "xz"]],
    [`<a b="1&quot;" c='"'/>`, ["a", { b: '1"', c: '"' }, ""]],
    [
      "<s:a xmlns:s='u'><s:b>1</s:b><c/></s:a>",
      ["a", { "xmlns:s": "u" }, ["b", {}, "1"], ["c", {}, ""]],
    ],
  ];
  for (const [text, expected] of good) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(sketch(readXml(text)), expected));
  }

  const bad = [
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a b=1/>",
    "<a b='1' b='2'/>",
    "<a b='1'c='2'/>",
    "<a>&nothing;</a>",
    "<a>& </a>",
    "<a>&#0;</a>",
    "<a>&#xD800;</a>",
    "<a>&#x110000;</a>",
    "<a><![CDATA[</a>",
    "<a><!-- </a>",
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "<a b='<'/>",
    "< a/>",
    "<a",
    "</a>",
    "<a>".repeat(101) + "</a>".repeat(101),
    "<a>".repeat(1_000_000),
  ];
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.throws(
        () => readXml(text),
        (error: unknown) => error instanceof WireProblem && error.code === "MalformedXML",
      );
    });
  }

  it("reads back whatever text was written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const { attributes, text: read } = readXml(
          `<a b="${escapeXml(text)}">${escapeXml(text)}</a>`,
        );
        assert.equal(read, text);
        assert.equal(attributes["b"], text);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  it("answers noise with a problem and nothing else", () => {
    const pieces = fc.constantFrom(
      "<",
      ">",
      "/",
      "a",
      "=",
      "'",
      '"',
      "&",
      ";",
      "#",
      " ",
      "!",
      "-",
      "[",
      "]",
      "?",
      "<a>",
      "</a>",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (noise) => {
        try {
          readXml(noise.join(""));
        } catch (error) {
          assert(error instanceof WireProblem, String(error));
        }
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});
