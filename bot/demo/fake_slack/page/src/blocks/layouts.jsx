/** The layout blocks that hold text or interactive elements. */
import { useId, useState } from "preact/hooks";
import { plainText } from "../lib/text.js";
import { Element } from "./Element.jsx";
import { Kit } from "./Kit.jsx";
import { literalStrings } from "./literal.js";
import { Text } from "./Text.jsx";
import { Unsupported } from "./Unsupported.jsx";

export function Header({ block }) {
  return <h3 class="b-header">{plainText(block.text)}</h3>;
}

export function Divider() {
  return <hr class="b-divider" />;
}

export function Image({ block }) {
  return (
    <figure class="b-image">
      {block.title && <figcaption>{plainText(block.title)}</figcaption>}
      <img src={block.image_url ?? block.slack_file?.url} alt={block.alt_text} />
    </figure>
  );
}

export function Section({ block }) {
  const { text, fields, accessory } = block;
  if (!text && !fields) return <Unsupported type={block.type} />;
  return (
    <div class="b-section">
      <div class="b-section__body">
        {text && <Text object={text} />}
        {fields && (
          <div class="b-fields">
            {fields.map((field, index) => (
              <Text key={index} object={field} />
            ))}
          </div>
        )}
      </div>
      {accessory && (
        <div class="b-section__accessory">
          <Element block={block} element={accessory} />
        </div>
      )}
    </div>
  );
}

export function Context({ block }) {
  return (
    <div class="b-context">
      {block.elements.map((element, index) =>
        element.type === "image" ? (
          <img key={index} class="b-context__image" src={element.image_url} alt={element.alt_text} />
        ) : (
          <Text key={index} object={element} />
        ),
      )}
    </div>
  );
}

export function Actions({ block }) {
  return (
    <div class="b-actions">
      {block.elements.map((element, index) => (
        <Element key={`${element.type} ${element.action_id ?? index}`} block={block} element={element} />
      ))}
    </div>
  );
}

/** The library draws the card, we draw its buttons: the library's do nothing. */
export function Card({ block }) {
  const { actions, ...rest } = block;
  return (
    <div class="b-card">
      <Kit blocks={[literalStrings(rest)]} />
      {actions && <Actions block={{ ...block, elements: actions }} />}
    </div>
  );
}

export function Carousel({ block }) {
  return (
    <div class="b-carousel" role="group" aria-label="Cards" tabIndex={0}>
      {block.elements.map((card, index) => (
        <Card key={index} block={{ block_id: block.block_id, ...card }} />
      ))}
    </div>
  );
}

export function Container({ block, Blocks }) {
  const [open, setOpen] = useState(!(block.is_collapsible && block.default_collapsed));
  const id = useId();
  const title = plainText(block.title);
  return (
    <div class="b-container">
      {block.is_collapsible ? (
        <button type="button" class="b-container__title" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          <span aria-hidden="true">{open ? "▾" : "▸"}</span> {title}
        </button>
      ) : (
        <div class="b-container__title">{title}</div>
      )}
      {block.subtitle && <Text object={block.subtitle} />}
      <div id={id} hidden={!open}>
        <Blocks blocks={block.child_blocks} />
      </div>
    </div>
  );
}
