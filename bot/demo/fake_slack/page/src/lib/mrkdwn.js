/**
 * Slack's mrkdwn -> the elements of a rich_text block, which the renderer draws without parsing again.
 *
 * The renderer's own mrkdwn parser turns `&lt;!channel&gt;` into a real mention, prints `verbatim` text without any
 * formatting, and knows Markdown that Slack does not (headings, `[a](b)`, backslashes). A stand-in must not do that.
 */
import { formatDateToken } from "./dates.js";
import { decodeEntities, EMOJI } from "./text.js";

const FENCE = /```\n?([\s\S]+?)\n?```\n?/;
const QUOTE = /^(?:&gt;|>) ?/;
const WORD = /[\p{L}\p{N}]/u;
const STYLES = { "*": "bold", "_": "italic", "~": "strike" };
const BARE_URL = /https?:\/\/[^\s<>|`]*[^\s<>|`.,;:!?)\]'"]/g;

/** @returns {object[]} rich_text elements */
export function mrkdwnToRichText(text, { verbatim = false } = {}) {
  const elements = [];
  let rest = text;
  for (let fence = FENCE.exec(rest); fence; fence = FENCE.exec(rest)) {
    elements.push(...paragraphs(rest.slice(0, fence.index).replace(/\n$/, ""), verbatim));
    elements.push({ type: "rich_text_preformatted", elements: [{ type: "text", text: codeText(fence[1]) }] });
    rest = rest.slice(fence.index + fence[0].length);
  }
  elements.push(...paragraphs(rest, verbatim));
  return elements;
}

/** Lines that begin with ">" become a quote, all others a section. */
function paragraphs(text, verbatim) {
  if (!text) return [];
  const groups = [];
  for (const line of text.split("\n")) {
    const quoted = QUOTE.test(line);
    const last = groups.at(-1);
    if (last?.quoted === quoted) last.lines.push(line.replace(quoted ? QUOTE : "", ""));
    else groups.push({ quoted, lines: [line.replace(quoted ? QUOTE : "", "")] });
  }
  return groups.map(({ quoted, lines }) => ({
    type: quoted ? "rich_text_quote" : "rich_text_section",
    elements: inline(lines.join("\n"), {}, verbatim),
  }));
}

const codeText = (text) =>
  decodeEntities(text.replace(/<((?:https?|mailto):[^>|]+)(?:\|([^>]*))?>/g, (_, url, label) => label ?? url));

function inline(text, style, verbatim) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain) out.push(...words(plain, style, verbatim));
    plain = "";
  };
  for (let at = 0; at < text.length; ) {
    const piece = code(text, at, style) ?? angle(text, at, style) ?? styled(text, at, style, verbatim);
    if (piece) {
      flush();
      out.push(...piece.elements);
      at = piece.end;
    } else {
      plain += text[at++];
    }
  }
  flush();
  return out;
}

function code(text, at, style) {
  if (text[at] !== "`") return null;
  const end = text.indexOf("`", at + 1);
  if (end < at + 2 || text.slice(at, end).includes("\n")) return null;
  return { end: end + 1, elements: [{ type: "text", text: codeText(text.slice(at + 1, end)), style: { ...style, code: true } }] };
}

/** `*bold*`, `_italic_`, `~strike~`: marks hug their words and stand apart from other words. */
function styled(text, at, style, verbatim) {
  const name = STYLES[text[at]];
  if (!name || style[name] || WORD.test(text[at - 1] ?? " ") || /\s/.test(text[at + 1] ?? " ")) return null;
  for (let end = at + 1; end < text.length && text[end] !== "\n"; end++) {
    if (text[end] === "<") {
      const close = text.indexOf(">", end);
      if (close > 0) end = close;
    } else if (text[end] === "`") {
      const close = text.indexOf("`", end + 1);
      if (close > 0) end = close;
    } else if (text[end] === text[at] && end > at + 1 && !/\s/.test(text[end - 1]) && !WORD.test(text[end + 1] ?? " ")) {
      return { end: end + 1, elements: inline(text.slice(at + 1, end), { ...style, [name]: true }, verbatim) };
    }
  }
  return null;
}

/** `<@U1>`, `<#C1|name>`, `<!here>`, `<!date^…>`, `<url|label>`. */
function angle(text, at, style) {
  if (text[at] !== "<") return null;
  const close = text.indexOf(">", at);
  if (close < at + 2) return null;
  const [, body, label] = /^([^|]*)\|?([\s\S]*)$/.exec(text.slice(at + 1, close));
  const element = special(body, label);
  return element && { end: close + 1, elements: [{ ...element, style: { ...style, ...element.style } }] };
}

function special(body, label) {
  const name = decodeEntities(label);
  if (body.startsWith("@")) return { type: "user", user_id: body.slice(1) };
  if (body.startsWith("#")) return { type: "channel", channel_id: body.slice(1) };
  if (/^!(here|channel|everyone)$/.test(body)) return { type: "broadcast", range: body.slice(1) };
  if (body.startsWith("!subteam^")) return { type: "usergroup", usergroup_id: name.replace(/^@/, "") || body.slice(9) };
  if (body.startsWith("!date^")) return dateElement(body.split("^"), name);
  if (/^(https?|mailto|tel):/i.test(body)) {
    const url = decodeEntities(body);
    return { type: "link", url, text: name || url.replace(/^mailto:/i, "") };
  }
  return body.startsWith("!") ? { type: "text", text: name || `<${body}>` } : null;
}

function dateElement([, timestamp, format = "", url], fallback) {
  const text = formatDateToken(timestamp, format);
  if (text === null) return { type: "text", text: fallback };
  if (url) return { type: "link", url: decodeEntities(url), text };
  return { type: "date", timestamp, format };
}

/** Plain words: emoji names and, unless verbatim, bare addresses. */
function words(text, style, verbatim) {
  const found = [...text.matchAll(EMOJI)].map((hit) => ({
    hit,
    element: { type: "emoji", name: hit[1].toLowerCase(), style },
  }));
  if (!verbatim) {
    for (const hit of text.matchAll(BARE_URL)) {
      found.push({ hit, element: { type: "link", url: decodeEntities(hit[0]), text: decodeEntities(hit[0]), style } });
    }
  }
  found.sort((a, b) => a.hit.index - b.hit.index);
  const out = [];
  let at = 0;
  const literal = (end) => {
    if (end > at) out.push({ type: "text", text: decodeEntities(text.slice(at, end)), style });
  };
  for (const { hit, element } of found) {
    if (hit.index < at) continue;
    literal(hit.index);
    out.push(element);
    at = hit.index + hit[0].length;
  }
  literal(text.length);
  return out;
}
