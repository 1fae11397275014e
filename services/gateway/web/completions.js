/* A listbox of what could be put at the caret of a text field. Typing what a source's pattern takes opens it; arrow keys
   choose, Enter or Tab inserts, Escape closes. A lit ReactiveController: the host draws `render()` beside its field, in
   the same shadow root, gives the field `attributes`, and calls `read()` after each change and `onKey()` before its own keys.

   Source: {label, pattern, pause, find(words, signal) → Promise of [{label, mark, hint, text}]}
     pattern   matched against the text before the caret: group 1 is replaced, group 2 is what is looked for
     pause     milliseconds without typing before it looks (0) */
import { css, html, nothing } from "lit";
import { t } from "./strings.js";

export const completionStyles = css`
  .completions {
    position: absolute;
    z-index: 30;
    inset: auto 0 calc(100% + 4px);
    padding: var(--cf-1);
    border: 1px solid var(--cf-line);
    border-radius: var(--cf-radius);
    background: var(--cf-surface);
    box-shadow: var(--cf-shadow-l);
  }
  .completions > p {
    padding: 2px var(--cf-2);
    color: var(--cf-text-2);
    font-size: var(--cf-text-xs);
    font-weight: 500;
  }
  .completions [role="listbox"] {
    max-height: min(280px, 38dvh);
    overflow-y: auto;
  }
  .completions [role="option"] {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 var(--cf-3);
    min-height: 32px;
    padding: 5px var(--cf-2);
    border-radius: var(--cf-radius-s);
    cursor: pointer;
  }
  .completions [role="option"] > * {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .completions .mark,
  .completions .hint {
    color: var(--cf-text-2);
    font-size: var(--cf-text-s);
  }
  .completions .hint {
    grid-column: 1 / -1;
  }
  .completions [role="option"]:hover {
    background: var(--cf-subtle);
  }
  .completions [role="option"][aria-selected="true"] {
    background: var(--cf-accent-soft);
    outline: 1px solid var(--cf-accent);
    outline-offset: -1px;
  }
`;

export class Completions {
  sources = [];
  #host;
  #field;
  #onInsert;
  #items = [];
  #active = 0;
  #label = "";
  #from = 0;
  #asked = null;
  #timer = 0;

  /** `field()`: the textarea; `onInsert(value)` after a text was put into it. */
  constructor(host, field, onInsert) {
    this.#host = host;
    this.#field = field;
    this.#onInsert = onInsert;
    host.addController(this);
  }

  hostDisconnected() {
    this.close();
  }

  get open() {
    return this.#items.length > 0;
  }

  get active() {
    return this.open ? `completion-${this.#active}` : null;
  }

  close() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#asked = null;
    if (!this.open) return;
    this.#items = [];
    this.#host.requestUpdate();
  }

  /** Look at what stands before the caret. */
  read() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    const { value, selectionStart, selectionEnd } = this.#field();
    const before = value.slice(0, selectionStart);
    for (const source of selectionStart === selectionEnd ? this.sources : []) {
      const [, taken, words] = before.match(source.pattern) ?? [];
      if (taken === undefined) continue;
      this.#from = selectionStart - taken.length;
      this.#timer = setTimeout(() => this.#find(source, words), source.pause ?? 0);
      return;
    }
    this.close();
  }

  async #find(source, words) {
    const { signal } = (this.#asked = new AbortController());
    let items = [];
    try {
      items = await source.find(words, signal);
    } catch {
      // Help while typing only: what was written stays as it is.
    }
    if (signal.aborted) return;
    this.#items = items;
    this.#active = 0;
    this.#label = source.label;
    this.#host.requestUpdate();
  }

  /** True when the key was meant for the listbox. */
  onKey(event) {
    if (!this.open || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#move(step);
    else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && !event.ctrlKey && !event.metaKey)
      this.#insert(this.#active);
    else return false;
    event.preventDefault();
    return true;
  }

  async #move(step) {
    this.#active = (this.#active + step + this.#items.length) % this.#items.length;
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    this.#host.renderRoot.querySelector(`#${this.active}`)?.scrollIntoView({ block: "nearest" });
  }

  #insert(index) {
    const field = this.#field();
    const { text } = this.#items[index];
    this.close();
    field.setRangeText(text, this.#from, field.selectionStart, "end");
    field.focus();
    this.#onInsert(field.value);
  }

  render() {
    const count = this.#items.length;
    return html`<p class="hidden" role="status">${count ? t("completions.count", { n: count }) : nothing}</p>
      <div class="completions" ?hidden=${!count}>
        <p aria-hidden="true">${this.#label}</p>
        <div
          role="listbox"
          id="completions"
          tabindex="0"
          aria-label=${this.#label || t("completions")}
          @mousedown=${(event) => event.preventDefault()}
        >
          ${this.#items.map(
            ({ label, mark, hint }, index) =>
              html`<div
                role="option"
                id="completion-${index}"
                aria-selected=${index === this.#active}
                @click=${() => this.#insert(index)}
              >
                <span>${label}</span><span class="mark">${mark ?? nothing}</span>
                ${hint ? html`<span class="hint">${hint}</span>` : nothing}
              </div>`,
          )}
        </div>
      </div>`;
  }
}
