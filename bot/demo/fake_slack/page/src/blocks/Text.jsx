import { mrkdwnToRichText } from "../lib/mrkdwn.js";
import { plainText } from "../lib/text.js";
import { Kit } from "./Kit.jsx";

export function Mrkdwn({ text, verbatim = false }) {
  return <Kit blocks={[{ type: "rich_text", elements: mrkdwnToRichText(text, { verbatim }) }]} />;
}

/** A text object of either kind. */
export function Text({ object }) {
  if (object.type === "mrkdwn") return <Mrkdwn text={object.text} verbatim={object.verbatim} />;
  return <div class="plain">{plainText(object)}</div>;
}
