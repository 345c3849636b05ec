/** `table` and `data_table`: cells are literal text, numbers or rich text. */
import { useId, useMemo, useState } from "preact/hooks";
import { Kit } from "./Kit.jsx";

const DEFAULT_PAGE_SIZE = 5;

function Cell({ cell }) {
  if (cell.type === "rich_text") return <Kit blocks={[cell]} />;
  return <>{String(cell.text ?? cell.value ?? "")}</>;
}

/** What a cell sorts by: a number, the time of its first date, or its words. */
function sortKey(cell) {
  if (cell.type === "raw_number") return Number(cell.value ?? cell.text);
  if (cell.type !== "rich_text") return String(cell.text ?? "");
  const parts = cell.elements.flatMap((element) => element.elements ?? []);
  const date = parts.find((part) => part.type === "date");
  return date ? Number(date.timestamp) : parts.map((part) => part.text ?? part.name ?? "").join("");
}

const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : words.compare(String(a), String(b));
}

function sorted(rows, { column, descending }) {
  if (column === null) return rows;
  const keyed = rows.map((row) => ({ row, key: sortKey(row[column]) }));
  keyed.sort((a, b) => (descending ? compare(b.key, a.key) : compare(a.key, b.key)));
  return keyed.map(({ row }) => row);
}

const UNSORTED = { column: null, descending: false };

/** First click sorts upwards, the second downwards, the third gives the first order back. */
function nextSort(sort, column) {
  if (sort.column !== column) return { column, descending: false };
  return sort.descending ? UNSORTED : { column, descending: true };
}

const ariaSort = (sort, column) => (sort.column !== column ? "none" : sort.descending ? "descending" : "ascending");
const arrow = { none: "↕", ascending: "↑", descending: "↓" };

export function DataTable({ block }) {
  const [header, ...body] = block.rows;
  const [sort, setSort] = useState(UNSORTED);
  const [asked, setPage] = useState(0);
  const id = useId();
  const rows = useMemo(() => sorted(body, sort), [block, sort]);
  const size = block.page_size ?? DEFAULT_PAGE_SIZE;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const page = Math.min(asked, pages - 1);
  const shown = rows.slice(page * size, (page + 1) * size);
  const rowHeader = block.row_header_column_index ?? 0;
  const numeric = header.map((_, column) => body.every((row) => row[column].type === "raw_number"));

  return (
    <div class="b-table">
      <div class="b-table__scroll" tabIndex={0} role="region" aria-labelledby={id}>
        <table>
          <caption id={id}>{block.caption}</caption>
          <thead>
            <tr>
              {header.map((cell, column) => {
                const direction = ariaSort(sort, column);
                return (
                  <th key={column} scope="col" aria-sort={direction} class={numeric[column] ? "num" : ""}>
                    <button
                      type="button"
                      onClick={() => {
                        setSort(nextSort(sort, column));
                        setPage(0);
                      }}
                    >
                      <Cell cell={cell} />
                      <span class="b-table__arrow" aria-hidden="true">{arrow[direction]}</span>
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              <tr key={index}>
                {row.map((cell, column) =>
                  column === rowHeader ? (
                    <th key={column} scope="row"><Cell cell={cell} /></th>
                  ) : (
                    <td key={column} class={numeric[column] ? "num" : ""}><Cell cell={cell} /></td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <div class="b-table__pager">
          <span role="status">
            {page * size + 1}–{Math.min(rows.length, (page + 1) * size)} of {rows.length}
          </span>
          <button type="button" class="el-button el-button--icon" aria-label="Previous page" disabled={page === 0} onClick={() => setPage(page - 1)}>‹</button>
          <button type="button" class="el-button el-button--icon" aria-label="Next page" disabled={page === pages - 1} onClick={() => setPage(page + 1)}>›</button>
        </div>
      )}
    </div>
  );
}

export function Table({ block }) {
  const settings = block.column_settings ?? [];
  const style = (column) => `align-${settings[column]?.align ?? "left"} ${settings[column]?.is_wrapped ? "wrapped" : ""}`;
  const [header, ...body] = block.rows;
  return (
    <div class="b-table">
      <div class="b-table__scroll" tabIndex={0} role="region" aria-label="Table">
        <table>
          <thead>
            <tr>{header.map((cell, column) => <th key={column} scope="col" class={style(column)}><Cell cell={cell} /></th>)}</tr>
          </thead>
          <tbody>
            {body.map((row, index) => (
              <tr key={index}>{row.map((cell, column) => <td key={column} class={style(column)}><Cell cell={cell} /></td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
