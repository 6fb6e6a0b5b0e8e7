/**
 * A small XML reader and the escapes for writing. What AWS's protocols need and nothing else: elements, attributes,
 * text, CDATA, the five entities and character references. No DTD, so no entity of a client's own making.
 */
import { WireProblem } from "./protocol.ts";

export interface XmlElement {
  /** Without a namespace prefix. */
  name: string;
  /** Names as written: "xsi:type". */
  attributes: Readonly<Record<string, string>>;
  children: XmlElement[];
  /** All character data directly within. */
  text: string;
}

const deepestLevel = 100;

const nameForm = /[^\s<>/=&'"]+/y;
const spaceForm = /\s*/y;

/** The root element. Throws `WireProblem` MalformedXML for anything that is not one well-formed element. */
export function readXml(text: string): XmlElement {
  const reader = new XmlReader(text.startsWith("\uFEFF") ? text.slice(1) : text);
  return reader.document();
}

const malformed = (): WireProblem =>
  new WireProblem(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );

class XmlReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): XmlElement {
    this.#misc();
    const root = this.#element();
    this.#misc();
    if (this.#at !== this.#text.length) throw malformed();
    return root;
  }

  /** Space, comments, the declaration and processing instructions around the root. */
  #misc(): void {
    for (;;) {
      this.#match(spaceForm);
      if (this.#text.startsWith("<?", this.#at)) this.#skipPast("?>");
      else if (this.#text.startsWith("<!--", this.#at)) this.#skipPast("-->");
      else return;
    }
  }

  // Open elements stand in an array, not on our stack: only the limit bounds the depth.
  #element(): XmlElement {
    const open: XmlElement[] = [];
    for (;;) {
      const parent = open.at(-1);
      if (parent) this.#characters(parent);
      if (this.#text.startsWith("</", this.#at)) {
        const closed = open.pop();
        if (!closed || !this.#closes(closed)) throw malformed();
        if (open.length === 0) return closed;
        continue;
      }
      const { element, isEmpty } = this.#startTag();
      parent?.children.push(element);
      if (!isEmpty) {
        open.push(element);
        if (open.length > deepestLevel) throw malformed();
      } else if (!parent) return element;
    }
  }

  #startTag(): { element: XmlElement; isEmpty: boolean } {
    if (this.#text.charAt(this.#at++) !== "<") throw malformed();
    const name = this.#match(nameForm);
    if (name === "" || name.startsWith("!") || name.startsWith("?")) throw malformed();
    const attributes: Record<string, string> = Object.create(null) as Record<string, string>;
    for (;;) {
      const space = this.#match(spaceForm);
      const next = this.#text.charAt(this.#at);
      if (next === ">" || next === "/") break;
      const attribute = this.#match(nameForm);
      if (attribute === "" || space === "" || attribute in attributes) throw malformed();
      this.#match(spaceForm);
      if (this.#text.charAt(this.#at++) !== "=") throw malformed();
      this.#match(spaceForm);
      attributes[attribute] = this.#quoted();
    }
    const isEmpty = this.#text.charAt(this.#at) === "/";
    if (isEmpty) this.#at++;
    if (this.#text.charAt(this.#at++) !== ">") throw malformed();
    return { element: { name: localName(name), attributes, children: [], text: "" }, isEmpty };
  }

  #quoted(): string {
    const quote = this.#text.charAt(this.#at);
    if (quote !== '"' && quote !== "'") throw malformed();
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) throw malformed();
    const value = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    if (value.includes("<")) throw malformed();
    return unescapeXml(value);
  }

  #characters(parent: XmlElement): void {
    for (;;) {
      const next = this.#text.indexOf("<", this.#at);
      if (next < 0) throw malformed();
      if (next > this.#at) parent.text += unescapeXml(this.#text.slice(this.#at, next));
      this.#at = next;
      if (this.#text.startsWith("<!--", next)) this.#skipPast("-->");
      else if (this.#text.startsWith("<?", next)) this.#skipPast("?>");
      else if (this.#text.startsWith("<![CDATA[", next)) {
        this.#skipPast("]]>");
        parent.text += this.#text.slice(next + 9, this.#at - 3);
      } else return;
    }
  }

  #closes(element: XmlElement): boolean {
    this.#at += 2;
    const name = this.#match(nameForm);
    this.#match(spaceForm);
    return localName(name) === element.name && this.#text.charAt(this.#at++) === ">";
  }

  #skipPast(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    if (found < 0) throw malformed();
    this.#at = found + end.length;
  }

  #match(form: RegExp): string {
    form.lastIndex = this.#at;
    const [found = ""] = form.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(
    /&(?:#x([0-9A-Fa-f]{1,8})|#(\d{1,10})|(\w{1,10}));|&/g,
    (_, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) {
        const character = Object.hasOwn(entities, name) ? entities[name] : undefined;
        if (character === undefined) throw malformed();
        return character;
      }
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      if (!(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) throw malformed();
      return String.fromCodePoint(code);
    },
  );
}

// oxlint-disable-next-line no-control-regex -- they are what XML 1.0 cannot hold
const needsEscape = /[&<>"\r\u0085\u2028]|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text for an element or an attribute. What XML 1.0 cannot hold is written as a reference, as AWS does. */
export function escapeXml(text: string): string {
  if (!needsEscape.test(text)) return text;
  return text.replaceAll(new RegExp(needsEscape, "g"), (character) => {
    return escapes[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  });
}
