import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { channelLabel } from "../lib/channels.js";
import { CommandList } from "./CommandList.jsx";

const TALLEST_PX = 220;

/** The lines that were sent, newest last, and where the up and down keys stand in them. */
function useHistory() {
  const lines = useRef([]);
  const at = useRef(null);
  return {
    add(line) {
      lines.current.push(line);
      at.current = null;
    },
    leave() {
      at.current = null;
    },
    step(by, text) {
      const browsing = at.current !== null && lines.current[at.current] === text;
      if (!browsing && (text !== "" || by > 0)) return null;
      const next = (browsing ? at.current : lines.current.length) + by;
      if (next < 0) return null;
      at.current = next < lines.current.length ? next : null;
      return lines.current[next] ?? "";
    },
  };
}

function matching(commands, text) {
  return /^\/\S*$/.test(text) ? commands.filter((one) => one.command.startsWith(text)) : [];
}

export function Composer({ channel, commands, send, unarchive, draft }) {
  const [drafts, setDrafts] = useState({});
  const [error, setError] = useState(null);
  const [active, setActive] = useState(0);
  const [moved, setMoved] = useState(false);
  const [closed, setClosed] = useState(false);
  const area = useRef(null);
  const history = useHistory();
  const id = useId();
  const label = channelLabel(channel);
  const text = drafts[channel.id] ?? "";

  const options = closed ? [] : matching(commands, text);
  const used = commands.find((one) => text.startsWith(`${one.command} `));

  useEffect(() => {
    setError(null);
    // Not on phones: the keyboard would cover half the page.
    if (!matchMedia("(pointer: coarse)").matches) area.current?.focus({ preventScroll: true });
  }, [channel.id]);

  // An example was clicked: { text } is a new object each time.
  useLayoutEffect(() => {
    if (!draft) return;
    write(draft.text);
    area.current.focus();
  }, [draft]);

  useLayoutEffect(() => {
    area.current.style.height = "auto";
    area.current.style.height = `${Math.min(area.current.scrollHeight, TALLEST_PX)}px`;
  }, [text]);

  function setText(value) {
    setDrafts((all) => ({ ...all, [channel.id]: value }));
  }

  function write(value) {
    setText(value);
    setActive(0);
    setMoved(false);
    setClosed(false);
  }

  function complete(command) {
    write(`${command.command} `);
    area.current.focus();
  }

  async function submit() {
    const line = text.trim();
    if (!line) return;
    history.add(line);
    write("");
    setError(null);
    const answer = await send(channel.id, line);
    if (answer.ok) return;
    setError(answer.error);
    setDrafts((all) => ({ ...all, [channel.id]: [line, all[channel.id]].filter(Boolean).join("\n") }));
  }

  function onListKey(event) {
    const last = options.length - 1;
    const exact = options[active]?.command === text && !moved;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      setActive(event.key === "ArrowDown" ? (active < last ? active + 1 : 0) : active > 0 ? active - 1 : last);
      setMoved(true);
    } else if ((event.key === "Tab" && !event.shiftKey) || (event.key === "Enter" && !event.shiftKey && !exact)) {
      complete(options[active]);
    } else if (event.key === "Escape") {
      setClosed(true);
    } else return false;
    return true;
  }

  function onKeyDown(event) {
    if (event.isComposing) return;
    if (options.length && onListKey(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const line = history.step(event.key === "ArrowUp" ? -1 : 1, text);
      if (line === null) return;
      event.preventDefault();
      write(line);
      setClosed(true);
    }
  }

  if (channel.is_archived) {
    return (
      <div class="composer composer--archived">
        This channel is archived: nobody can write in it.{" "}
        <button type="button" class="el-button" onClick={() => unarchive(channel.id)}>Unarchive {label}</button>
      </div>
    );
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {error && <div class="composer__error" role="alert">{error}</div>}
      {options.length > 0 && <CommandList id={`${id}-list`} commands={options} active={active} onActive={setActive} onPick={complete} />}
      {used && (
        <div class="composer__hint" id={`${id}-hint`}>
          <b>{used.command}</b> <span>{used.usage_hint}</span>
        </div>
      )}
      <div class="composer__box">
        <textarea
          ref={area}
          rows={1}
          value={text}
          aria-label={`Message ${label}`}
          placeholder={`Message ${label}`}
          aria-autocomplete="list"
          aria-controls={options.length ? `${id}-list` : undefined}
          aria-activedescendant={options.length ? `${id}-list-${active}` : undefined}
          aria-describedby={used ? `${id}-hint` : undefined}
          autocomplete="off"
          spellcheck={false}
          enterkeyhint="send"
          onInput={(event) => {
            history.leave();
            write(event.currentTarget.value);
          }}
          onKeyDown={onKeyDown}
        />
        <div class="composer__bar">
          <button
            type="button"
            class="composer__slash"
            aria-label="Insert a slash command"
            title="Insert a slash command"
            onClick={() => {
              if (!text) write("/");
              area.current.focus();
            }}
          >
            <span aria-hidden="true">/</span>
          </button>
          <span class="composer__keys"><b>Enter</b> to send, <b>Shift + Enter</b> for a new line</span>
          <button type="submit" class="composer__send" aria-label="Send" disabled={!text.trim()}>
            <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true"><path d="M2 2.5 18.5 10 2 17.5l1.8-6L11 10 3.8 8.5z" fill="currentColor" /></svg>
          </button>
        </div>
      </div>
    </form>
  );
}
