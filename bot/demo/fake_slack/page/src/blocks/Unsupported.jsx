export function Unsupported({ type }) {
  return (
    <div class="unsupported">
      This block can't be shown here: <code>{String(type)}</code>
    </div>
  );
}
