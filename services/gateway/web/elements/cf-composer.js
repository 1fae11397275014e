/* <cf-composer .app ticket="id" .modes=${["reply", "note"]}> writes to a ticket: text and files together, drafts
   that save themselves, Ctrl/Cmd+Enter sends, paste and button for files.

   Properties: ticket (id; any name for the mode "chat"), modes (default ["reply"]), mode (the present one), busy.
   The mode "chat" writes to a chat: Enter sends, Shift+Enter breaks the line, files need no words.
   Methods: focus(), addFiles(files), insert(text) at the caret, clear(), send(extra) as if Send was pressed, with
   `extra` joined to the detail of cf-send.
   Slot: "tools" beside the clip (canned replies, an action); "actions" before the send button; "more" joined to it, but not for a note.
   Events: cf-send (detail {body, attachments, internal}; preventDefault() keeps the text) ·
           cf-write (detail {value, caret, mode} on each change of the text). */
import { base, controls } from "../base.js";
import { Draft } from "../drafts.js";
import { CfElement, css, define, html, nothing } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { clock } from "../time.js";
import { Uploads } from "../uploads.js";
import "./cf-uploads.js";

const LONGEST = 10_000;
const SAY_LEFT = 500;
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export class CfComposer extends CfElement {
  static properties = {
    ticket: {},
    modes: { attribute: false },
    mode: { reflect: true },
    problem: { state: true },
    saved: { state: true },
  };

  static styles = [
    base,
    controls,
    css`
      .box {
        border: 1px solid var(--cf-line-strong);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      .box:focus-within {
        outline: 2px solid var(--cf-focus);
        outline-offset: -1px;
        border-color: transparent;
      }
      :host([mode="note"]) .box {
        background: var(--cf-note-soft);
        border-color: var(--cf-note);
      }
      .modes,
      [role="tablist"] {
        display: flex;
        gap: var(--cf-1);
      }
      .modes {
        padding: var(--cf-1) var(--cf-1) 0;
      }
      .modes button {
        min-height: 28px;
        padding: 0 10px;
        border-color: transparent;
        background: transparent;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .modes button[aria-selected="true"] {
        background: var(--cf-subtle);
        color: var(--cf-text);
      }
      :host([mode="note"]) .modes button[aria-selected="true"] {
        background: var(--cf-note);
        color: var(--cf-surface);
      }
      :host([mode="note"]) .send .primary {
        border-color: var(--cf-note);
        background: var(--cf-note);
        color: var(--cf-surface);
      }
      .modes .never {
        align-self: center;
        margin-inline-start: auto;
        padding-inline-end: var(--cf-2);
        color: var(--cf-note);
        font-size: var(--cf-text-s);
      }
      textarea {
        min-height: 60px;
        max-height: 40dvh;
        padding: var(--cf-3) var(--cf-4) var(--cf-1);
        border: 0;
        background: transparent;
        resize: none;
      }
      :host([mode="chat"]) textarea {
        min-height: 44px;
        max-height: 30dvh;
      }
      textarea:focus-visible {
        outline: none;
      }
      cf-uploads {
        padding: 0 var(--cf-3);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--cf-1) var(--cf-2);
        padding: var(--cf-1) var(--cf-2) var(--cf-2);
      }
      .foot .hint {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .foot .primary {
        margin-inline-start: auto;
      }
      .send {
        display: inline-flex;
        gap: 1px;
        margin-inline-start: auto;
      }
      .over {
        color: var(--cf-danger);
      }
      .error {
        padding: 0 var(--cf-4) var(--cf-1);
      }
      @media (max-width: 480px) {
        .keys,
        .never {
          display: none;
        }
      }
    `,
  ];

  #sheets = new Map();
  #bound = "";

  constructor() {
    super();
    this.modes = ["reply"];
    this.mode = "reply";
    this.problem = "";
    this.saved = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#forget();
    this.#bound = "";
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!this.modes.includes(this.mode)) this.mode = this.modes[0];
    const key = `${this.app.me?.id}:${this.ticket}`;
    if (this.ticket && this.app.me && key !== this.#bound) {
      this.#bound = key;
      this.#forget();
    }
    if (this.#bound && !this.#sheets.has(this.mode)) this.#sheets.set(this.mode, this.#makeSheet(this.mode));
    if (changed.has("mode")) this.problem = this.saved = "";
  }

  updated() {
    this.#fit();
  }

  get #sheet() {
    return this.#sheets.get(this.mode);
  }

  get #area() {
    return this.renderRoot.querySelector("textarea");
  }

  focus() {
    this.#area?.focus();
  }

  addFiles(files) {
    this.#sheet?.uploads.add(files);
  }

  /** Put text at the caret, as if it was typed. */
  insert(text) {
    const area = this.#area;
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    this.#write(area.value);
    area.focus();
  }

  clear() {
    const sheet = this.#sheet;
    sheet.text = "";
    sheet.quiet = true;
    sheet.uploads.clear();
    sheet.quiet = false;
    sheet.draft.clear();
    this.saved = "";
    this.problem = "";
    this.requestUpdate();
  }

  #makeSheet(mode) {
    const sheet = {
      text: "",
      touched: false,
      quiet: false,
      uploads: new Uploads(this.app.api),
      draft: new Draft(this.app.api, this.app.me.id, this.ticket, mode),
    };
    sheet.draft.addEventListener("state", ({ detail }) => {
      if (this.#sheet !== sheet) return;
      const words = { saving: "composer.saving", saved: "composer.saved", local: "composer.saved_here" }[detail.state];
      this.saved = sheet.text || sheet.uploads.items.length ? t(words, { time: clock(detail.at) }) : "";
    });
    let attached = 0;
    sheet.uploads.addEventListener("change", () => {
      const now = sheet.uploads.attachments.length;
      if (!sheet.quiet && now !== attached) this.#keep(sheet);
      attached = now;
      this.problem = "";
      this.requestUpdate();
    });
    sheet.draft.load().then((draft) => {
      if (draft && !sheet.touched) this.#fill(sheet, draft);
    });
    sheet.draft.addEventListener("elsewhere", ({ detail }) => {
      if (!document.hasFocus() && !sheet.uploads.busy) this.#fill(sheet, detail);
    });
    return sheet;
  }

  #fill(sheet, { body, attachments }) {
    sheet.text = body;
    sheet.quiet = true;
    sheet.uploads.restore(attachments ?? []);
    sheet.quiet = false;
    this.requestUpdate();
  }

  #forget() {
    for (const sheet of this.#sheets.values()) {
      sheet.quiet = true;
      sheet.uploads.clear();
      sheet.draft.close();
    }
    this.#sheets.clear();
  }

  #keep(sheet) {
    sheet.touched = true;
    sheet.draft.save(sheet.text, sheet.uploads.attachments);
  }

  #write(value) {
    const sheet = this.#sheet;
    if (!sheet) return;
    sheet.text = value;
    this.problem = "";
    this.#keep(sheet);
    this.requestUpdate();
    this.emit("cf-write", { value, caret: this.#area.selectionStart, mode: this.mode });
  }

  #fit() {
    const area = this.#area;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }

  #onKey(event) {
    // 229: the key belongs to an input method; Safari ends a composition before it tells of its Enter.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    if (!(event.ctrlKey || event.metaKey || (this.mode === "chat" && !event.shiftKey))) return;
    event.preventDefault();
    this.send();
  }

  #onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.addFiles(files);
  }

  send(extra = {}) {
    const sheet = this.#sheet;
    if (!sheet) return;
    const body = sheet.text.trim();
    if (sheet.uploads.busy) this.problem = t("composer.wait");
    else if (sheet.uploads.failed) this.problem = t("composer.has_failed");
    else if (!body && !(this.mode === "chat" && sheet.uploads.items.length)) this.problem = t("composer.empty");
    else if (body.length > LONGEST) this.problem = t("composer.too_long", { n: body.length - LONGEST });
    else {
      const detail = {
        body,
        attachments: sheet.uploads.attachments,
        internal: this.mode === "note",
        ...extra,
      };
      if (this.emit("cf-send", detail)) this.clear();
    }
    if (this.problem) this.focus();
  }

  #pick(event) {
    this.addFiles([...event.target.files]);
    event.target.value = "";
  }

  #onTabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const index = this.modes.indexOf(this.mode) + step;
    this.mode = this.modes.at(index % this.modes.length);
    this.updateComplete.then(() => this.renderRoot.querySelector(`#tab-${this.mode}`).focus());
  }

  #tab(mode) {
    const chosen = mode === this.mode;
    return html`<button
      role="tab"
      id="tab-${mode}"
      aria-selected=${chosen}
      aria-controls="sheet"
      tabindex=${chosen ? 0 : -1}
      @click=${() => ((this.mode = mode), this.updateComplete.then(() => this.focus()))}
    >
      ${icon(mode === "note" ? "lock" : "reply")}${t(`composer.${mode}`)}
    </button>`;
  }

  #hint(left) {
    if (left < 0) return html`<span class="hint over">${t("composer.too_long", { n: -left })}</span>`;
    if (left <= SAY_LEFT) return html`<span class="hint">${t("composer.left", { n: left })}</span>`;
    if (this.saved) return html`<span class="hint">${this.saved}</span>`;
    const keys = this.mode === "chat" ? t("composer.keys_chat") : t("composer.keys", { key: MAC ? "⌘" : "Ctrl" });
    return html`<span class="hint keys">${keys}</span>`;
  }

  render() {
    const sheet = this.#sheet;
    const { mode } = this;
    const note = mode === "note";
    const tabs = this.modes.length > 1;
    return html`<div class="box">
      ${
        tabs || note
          ? html`<div class="modes">
              ${
                tabs
                  ? html`<div role="tablist" aria-label=${t("composer.modes")} @keydown=${this.#onTabKey}>
                      ${this.modes.map((mode) => this.#tab(mode))}
                    </div>`
                  : nothing
              }
              ${note ? html`<span class="never">${t("composer.never")}</span>` : nothing}
            </div>`
          : nothing
      }
      <div id="sheet" role=${tabs ? "tabpanel" : nothing} aria-labelledby=${tabs ? `tab-${this.mode}` : nothing}>
        <textarea
          rows=${mode === "chat" ? 1 : 2}
          aria-label=${t(`composer.label.${mode}`)}
          aria-describedby="problem"
          placeholder=${t(`composer.placeholder.${mode}`)}
          .value=${sheet?.text ?? ""}
          @input=${(event) => this.#write(event.target.value)}
          @keydown=${this.#onKey}
          @paste=${this.#onPaste}
        ></textarea>
        <cf-uploads .uploads=${sheet?.uploads}></cf-uploads>
        <div role="alert" id="problem">
          ${this.problem ? html`<p class="error">${icon("circle-alert")}${this.problem}</p>` : nothing}
        </div>
        <div class="foot">
          <input type="file" multiple hidden @change=${this.#pick} />
          <button
            class="plain compact icon-only"
            aria-label=${t("composer.attach")}
            title=${t("composer.attach")}
            @click=${() => this.renderRoot.querySelector("input").click()}
          >
            ${icon("paperclip")}
          </button>
          <slot name="tools"></slot>
          ${this.#hint(LONGEST - (sheet?.text.length ?? 0))}
          <slot name="actions"></slot>
          <span class="send">
            <button class="primary" @click=${() => this.send()}>
              ${icon(note ? "lock" : "send")}${t(note ? "composer.send_note" : "composer.send")}
            </button>
            ${note ? nothing : html`<slot name="more"></slot>`}
          </span>
        </div>
      </div>
    </div>`;
  }
}

define("cf-composer", CfComposer);
