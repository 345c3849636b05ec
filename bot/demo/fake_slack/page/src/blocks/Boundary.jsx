import { Component } from "preact";
import { Unsupported } from "./Unsupported.jsx";

/** One bad block must not take the page with it. */
export class Boundary extends Component {
  state = { failed: null };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  componentDidUpdate(before) {
    if (this.state.failed && before.block !== this.props.block) this.setState({ failed: null });
  }

  render({ block, children }, { failed }) {
    return failed ? <Unsupported type={block.type} /> : children;
  }
}
