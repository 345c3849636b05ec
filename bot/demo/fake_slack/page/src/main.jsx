import { render } from "preact";
import { App } from "./components/App.jsx";
import "./styles/main.css";

render(<App />, document.getElementById("app"));
