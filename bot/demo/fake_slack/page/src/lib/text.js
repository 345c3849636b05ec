/** Small helpers on strings as Slack's API writes them. */
import { emojiGlyph } from "slack-blocks-to-jsx";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Slack escapes exactly three characters. One pass, so that "&amp;lt;" stays "&lt;". */
export const decodeEntities = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

export const EMOJI = /(?<![\p{L}\p{N}]):([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/giu;

/** The text of a plain_text object, with emoji names as glyphs unless it says `emoji: false`. */
export function plainText(object) {
  if (typeof object?.text !== "string") throw new TypeError("not a text object");
  const text = decodeEntities(object.text);
  if (object.emoji === false) return text;
  return text.replace(EMOJI, (written, name) => {
    const glyph = emojiGlyph({ name: name.toLowerCase() });
    return glyph === name.toLowerCase() ? written : glyph;
  });
}

export function initials(name) {
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? "?"];
  return letters.map((word) => [...word][0]).join("").toUpperCase();
}

// White text on each of these passes 4.5:1.
const COLOURS = ["#7c3085", "#1f6f54", "#a8434a", "#2b5f9e", "#8a5a00", "#4b4fa8", "#00707a", "#9b3675"];

export function colourOf(id) {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return COLOURS[hash % COLOURS.length];
}
