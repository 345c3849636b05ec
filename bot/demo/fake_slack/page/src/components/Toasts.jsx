/** Short notices, for example that a button's handler failed. */
export function Toasts({ toasts, onClose }) {
  return (
    <div class="toasts">
      {toasts.map((toast) => (
        <div key={toast.id} class="toast" role="alert">
          <span>{toast.text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => onClose(toast.id)}>×</button>
        </div>
      ))}
    </div>
  );
}
