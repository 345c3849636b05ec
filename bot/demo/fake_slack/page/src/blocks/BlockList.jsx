import { memo } from "preact/compat";
import { Boundary } from "./Boundary.jsx";
import { LibraryBlock } from "./Kit.jsx";
import { Unsupported } from "./Unsupported.jsx";
import { Actions, Card, Carousel, Container, Context, Divider, Header, Image, Section } from "./layouts.jsx";
import { DataTable, Table } from "./DataTable.jsx";

const OURS = {
  actions: Actions,
  card: Card,
  carousel: Carousel,
  container: (props) => <Container {...props} Blocks={BlockList} />,
  context: Context,
  data_table: DataTable,
  divider: Divider,
  header: Header,
  image: Image,
  section: Section,
  table: Table,
};

// Drawn by slack-blocks-to-jsx as they are; nothing in them sends an action.
const LIBRARY = new Set(["alert", "data_visualization", "markdown", "plan", "rich_text", "task_card", "video"]);

const Block = memo(function Block({ block }) {
  const Ours = OURS[block.type];
  if (Ours) return <Ours block={block} />;
  if (LIBRARY.has(block.type)) return <LibraryBlock block={block} />;
  return <Unsupported type={block.type} />;
});

/** The n-th block of a type stays the same block when others come and go: the focus stays on "More". */
function keysOf(blocks) {
  const counts = {};
  return blocks.map(({ type }) => {
    counts[type] = (counts[type] ?? 0) + 1;
    return `${type} ${counts[type]}`;
  });
}

export function BlockList({ blocks }) {
  const keys = keysOf(blocks);
  return (
    <div class="blocks">
      {blocks.map((block, index) => (
        <Boundary key={keys[index]} block={block}>
          <Block block={block} />
        </Boundary>
      ))}
    </div>
  );
}
