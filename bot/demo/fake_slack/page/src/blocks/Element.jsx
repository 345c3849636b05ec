import { ButtonElement } from "./ButtonElement.jsx";
import { Overflow } from "./Overflow.jsx";
import { RadioButtons } from "./RadioButtons.jsx";
import { StaticSelect } from "./StaticSelect.jsx";
import { Unsupported } from "./Unsupported.jsx";

function ImageElement({ element }) {
  return <img class="el-image" src={element.image_url} alt={element.alt_text} />;
}

const ELEMENTS = {
  button: ButtonElement,
  image: ImageElement,
  overflow: Overflow,
  radio_buttons: RadioButtons,
  static_select: StaticSelect,
};

/** An element of a block. Kinds whose value the server's action call cannot carry are named, not drawn dead. */
export function Element({ block, element }) {
  const Known = ELEMENTS[element.type];
  return Known ? <Known block={block} element={element} /> : <Unsupported type={element.type} />;
}
