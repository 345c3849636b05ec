/**
 * The library decodes `&lt;!channel&gt;` and then reads a mention in it. An invisible joiner after the "<" keeps such
 * words literal. Only for blocks that the library draws whole; all other text goes through lib/mrkdwn.js.
 */
const WORD_JOINER = "\u2060";

const TEXT_OBJECTS = new Set(["mrkdwn", "plain_text"]);

export function literalStrings(value) {
  if (Array.isArray(value)) return value.map(literalStrings);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, literalStrings(inner)]);
  const copy = Object.fromEntries(entries);
  if (TEXT_OBJECTS.has(value.type) && typeof value.text === "string") {
    copy.text = value.text.replace(/&lt;/g, `<${WORD_JOINER}`).replace(/&gt;/g, ">").replace(/&amp;/g, "&");
    delete copy.verbatim;
  }
  return copy;
}
